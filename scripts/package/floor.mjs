// The oldest machine that the native files run on: what they ask of the C and C++ libraries there, and which of its libraries at all.
import { neededBy } from './elf.mjs';

/** What RHEL 8 and its like have, the oldest systems that Node itself runs on. */
const NEWEST_WANTED = { GLIBC: '2.28', GLIBCXX: '3.4.25', CXXABI: '1.3.11', GCC: '8.0.0' };

/** Libraries of the machine that may be counted on: glibc's own, and the two of the compiler that Node needs as well. */
const OF_THE_MACHINE = /^(ld-linux-[\w-]+|lib(c|dl|m|pthread|rt|util|resolv)|lib(stdc\+\+|gcc_s))\.so\.\d+$/;

/**
 * @param {Record<string, Buffer>} files native files by name; libraries among them are found by their base names
 * @returns {{ glibc: string, wrong: string[] }} the oldest glibc that all of them run on; what keeps them from RHEL 8
 */
export function floorOf(files) {
  const brought = Object.keys(files).map((name) => name.replace(/^.*\//, ''));
  const wrong = [];
  let glibc = '0';
  for (const [name, content] of Object.entries(files)) {
    const { libraries, versions } = neededBy(content);
    for (const library of libraries) {
      const isBrought = brought.some((one) => one === library || one.startsWith(`${library}.`)); // it has a link of that name
      if (!isBrought && !OF_THE_MACHINE.test(library)) wrong.push(`${name} needs ${library}, which is not brought along`);
    }
    for (const version of versions) {
      const [, family = '', number = ''] = /^([A-Z]+)_([\d.]+)$/.exec(version) ?? [];
      const limit = Object.entries(NEWEST_WANTED).find(([one]) => one === family)?.[1];
      if (limit !== undefined && isNewer(number, limit)) wrong.push(`${name} needs ${version}, newer than ${family}_${limit}`);
      if (family === 'GLIBC' && isNewer(number, glibc)) glibc = number;
    }
  }
  return { glibc, wrong };
}

/**
 * @param {string} one
 * @param {string} other
 */
function isNewer(one, other) {
  const numbers = other.split('.').map(Number);
  const [difference = 0] = one
    .split('.')
    .map((part, at) => Number(part) - (numbers[at] ?? 0))
    .filter((value) => value !== 0);
  return difference > 0;
}

// Native files: what they want of the machine (libraries, and versions of their symbols: GLIBC_2.28 …), and what of them is needed to
// run. Both by the segments, which are what the loader goes by. 64 bits, little-endian: Linux on x64 and arm64.

const LOAD = 1;
const DYNAMIC = 2;
const TAG = { needed: 1n, strings: 5n, versions: 0x6ffffffen, versionCount: 0x6fffffffn };

/** @param {Buffer} file */
export function isElf(file) {
  return file.length > 64 && file.readUInt32BE(0) === 0x7f454c46;
}

/**
 * @param {Buffer} file
 * @returns {{ libraries: string[], versions: string[] }} both empty for a static program
 */
export function neededBy(file) {
  if (file[4] !== 2 || file[5] !== 1) throw new Error('not an ELF file of 64 bits, little-endian');
  const segments = segmentsOf(file);
  const dynamic = segments.find(({ type }) => type === DYNAMIC);
  if (dynamic === undefined) return { libraries: [], versions: [] };
  const entries = dynamicEntries(file, dynamic);
  const entry = (/** @type {bigint} */ tag) => entries.find((one) => one.tag === tag)?.value ?? 0;
  const placeOf = (/** @type {bigint} */ tag) => placeInFile(segments, entry(tag));
  const strings = placeOf(TAG.strings);
  const text = (/** @type {number} */ at) => file.toString('latin1', strings + at, file.indexOf(0, strings + at));
  const libraries = entries.filter(({ tag }) => tag === TAG.needed).map(({ value }) => text(value));

  // For each library a record, and a chain of the versions that are wanted of it.
  /** @type {string[]} */
  const versions = [];
  for (let left = entry(TAG.versionCount), at = left > 0 ? placeOf(TAG.versions) : 0; left > 0; left -= 1) {
    const count = file.readUInt16LE(at + 2);
    for (let i = 0, version = at + file.readUInt32LE(at + 8); i < count; i += 1) {
      versions.push(text(file.readUInt32LE(version + 8)));
      version += file.readUInt32LE(version + 12);
    }
    at += file.readUInt32LE(at + 12);
  }
  return { libraries, versions };
}

/**
 * Without symbols for debuggers and the table of sections: nothing of them is loaded. What `strip` does, which a machine may lack.
 * @param {Buffer} file
 */
export function stripped(file) {
  const end = Math.max(...segmentsOf(file).map(({ offset, bytes }) => offset + bytes));
  const kept = Buffer.from(file.subarray(0, end));
  kept.writeBigUInt64LE(0n, 40); // where the table of sections is
  kept.fill(0, 60, 64); // how many there are, and which of them has their names
  return kept;
}

/** @typedef {{ type: number, offset: number, address: number, bytes: number }} Segment */

/**
 * @param {Buffer} file
 * @returns {Segment[]}
 */
function segmentsOf(file) {
  const [table, size, count] = [Number(file.readBigUInt64LE(32)), file.readUInt16LE(54), file.readUInt16LE(56)];
  return Array.from({ length: count }, (_, at) => {
    const header = file.subarray(table + at * size);
    const field = (/** @type {number} */ offset) => Number(header.readBigUInt64LE(offset));
    return { type: header.readUInt32LE(0), offset: field(8), address: field(16), bytes: field(32) };
  });
}

/**
 * @param {Buffer} file
 * @param {Segment} segment
 */
function dynamicEntries(file, { offset, bytes }) {
  return Array.from({ length: bytes / 16 }, (_, at) => ({
    tag: file.readBigUInt64LE(offset + 16 * at),
    value: Number(file.readBigUInt64LE(offset + 16 * at + 8)),
  }));
}

/**
 * @param {Segment[]} segments
 * @param {number} address
 */
function placeInFile(segments, address) {
  const segment = segments.find((one) => one.type === LOAD && address >= one.address && address < one.address + one.bytes);
  if (segment === undefined) throw new Error(`no segment of the file has the address ${address}`);
  return address - segment.address + segment.offset;
}

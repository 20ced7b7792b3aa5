// What stands inside the native files that packages bring along, with the terms of each: `texts` are files of ./texts, exact copies of
// what its authors distribute; `package` names an npm package that has the text itself.

/**
 * @typedef {object} Component
 * @property {string} name
 * @property {string} [version] of the package, when it is left out
 * @property {string} license an SPDX expression, where there is one
 * @property {RegExp} files by the names of `nativeFiles` (scripts/package/trees.mjs)
 * @property {string[]} [texts]
 * @property {string} [package] PLATFORM stands for `linux-x64` and its like
 */

/** @type {readonly Component[]} */
export const WITHIN = [
  { name: 'Node.js', license: 'MIT', files: /^node\/bin\/node$/, package: 'node-PLATFORM' },
  { name: 'esbuild', license: 'MIT', files: /^esbuild\/esbuild$/, package: 'esbuild' },
  { name: 'Go', version: '1.26.5', license: 'BSD-3-Clause', files: /^esbuild\/esbuild$/, texts: ['go'] },
  {
    name: 'golang.org/x/sys',
    version: '0.0.0-20220715151400',
    license: 'BSD-3-Clause',
    files: /^esbuild\/esbuild$/,
    texts: ['go-sys'],
  },
  { name: 'node-pty', license: 'MIT', files: /^pty\/pty\.node$/, package: '@lydell/node-pty-PLATFORM' },
  { name: 'node-addon-api', license: 'MIT', files: /^pty\/pty\.node$/, texts: ['node-addon-api'] },
  {
    name: 'PostgreSQL',
    version: '18.4',
    license: 'PostgreSQL AND BSD-3-Clause AND BSD-2-Clause AND TCL AND Spencer-99 AND Artistic-1.0',
    files: /^postgres\/native\/(bin\/(postgres|initdb)|lib\/libpq\.so\.[\d.]+|lib\/postgresql\/.*)$/,
    texts: ['postgresql', 'postgresql-parts'],
  },
  { name: 'ICU', version: '60.2', license: 'ICU', files: /\/libicu(data|i18n|uc)\.so\.60\.2$/, texts: ['icu-60'] },
  { name: 'OpenSSL', version: '1.1.1', license: 'OpenSSL', files: /\/lib(crypto|ssl)\.so\.1\.1$/, texts: ['openssl-1.1.1'] },
  { name: 'zlib', version: '1.2.11', license: 'Zlib', files: /\/libz\.so\.1$/, texts: ['zlib'] },
  { name: 'libxml2', version: '2.9.4', license: 'MIT', files: /\/libxml2\.so\.2$/, texts: ['libxml2'] },
  { name: 'libxslt', version: '1.1.29', license: 'MIT', files: /\/libxslt\.so\.1$/, texts: ['libxslt'] },
  { name: 'liblzma', version: '5.2.2', license: 'public domain', files: /\/liblzma\.so\.5$/, texts: ['liblzma'] },
  { name: 'OSSP uuid', version: '1.6.2', license: 'MIT', files: /\/libossp-uuid\.so\.16$/, texts: ['ossp-uuid'] },
];

// Takes out of the Unicode library's data what Postgres does not ask for: names of currencies, languages, countries, time zones and
// units, and dictionaries of words. It is zeroed in place, so that the library stays as it is: 5 MB less when compressed.
// Collations, rules of upper and lower case, encodings and word boundaries stay.

const NOT_ASKED_FOR = /^[^/]+\/((curr|lang|rbnf|region|translit|unit|zone)\/|brkitr\/\w+\.dict$)/;

/**
 * The data begins with a header (its size, then a magic number), then a table: a count, and for each item where its name and its
 * content stand, both counted from the table.
 * @param {Buffer} library libicudata.so
 */
export function trimmedIcuData(library) {
  const trimmed = Buffer.from(library);
  const start = library.indexOf('CmnD') - 12; // the format of a package of data
  if (start < 0 || library.readUInt16LE(start + 2) !== 0x27da) throw new Error('libicudata.so is not laid out as it was');
  const table = start + library.readUInt16LE(start);
  const count = library.readUInt32LE(table);
  const items = Array.from({ length: count }, (_, at) => {
    const name = table + library.readUInt32LE(table + 4 + 8 * at);
    return {
      name: library.toString('latin1', name, library.indexOf(0, name)),
      begin: table + library.readUInt32LE(table + 8 + 8 * at),
    };
  });
  for (const [at, { name, begin }] of items.entries()) {
    const end = items[at + 1]?.begin; // of the last one it is not told
    if (end !== undefined && NOT_ASKED_FOR.test(name)) trimmed.fill(0, begin, end);
  }
  return trimmed;
}

// What the build puts into the code: two constants, and the text of the protocol and SQL files.

/** The version in package.json. */
declare const __OUTFLOW_VERSION__: string;
/** The commit that was built, shortened, or `unknown`. */
declare const __OUTFLOW_COMMIT__: string;

declare module '*.proto' {
  const text: string;
  export default text;
}

declare module '*.sql' {
  const text: string;
  export default text;
}

// Files that are imported as text, by the build's loader and by the test runner's plugin.
declare module '*.proto' {
  const text: string;
  export default text;
}
declare module '*.sql' {
  const text: string;
  export default text;
}

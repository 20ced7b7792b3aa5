// The constants that the build puts into the code.

/** The version in package.json. */
declare const __OUTFLOW_VERSION__: string;
/** The version of the embedded Postgres. */
declare const __OUTFLOW_POSTGRES__: string;
/** The oldest glibc that Node and all native files run on; null where there is none. */
declare const __OUTFLOW_GLIBC__: string | null;
/** The commit that was built, shortened, or `unknown`. */
declare const __OUTFLOW_COMMIT__: string;
/** Of all that the build was made from. */
declare const __OUTFLOW_BUILD__: string;

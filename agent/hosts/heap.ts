// V8's heap limit of a host whose units have a memory limit: the heap is collected, or its overflow told as such, before the unit is
// ended from outside. A unit that may have more than V8's default gets it.
const OPTION = /--max[-_]old[-_]space[-_]size/;
/** Of the limit; the rest is for what is not heap. */
const SHARE = 0.9;
const BESIDE_MIB = 48;
const LEAST_MIB = 32;

/** By NODE_OPTIONS, as the single executable takes no options of Node's; who has set the limit there keeps it. */
export function heapVariables(limitMib: number, environment: NodeJS.ProcessEnv): Record<string, string> {
  const options = environment['NODE_OPTIONS'] ?? '';
  if (limitMib === 0 || OPTION.test(options)) return {};
  const heapMib = Math.max(LEAST_MIB, Math.floor(limitMib * SHARE) - BESIDE_MIB);
  return { NODE_OPTIONS: `${options} --max-old-space-size=${heapMib}`.trim() };
}

// How much memory V8 allows this process.
import { getHeapStatistics } from 'node:v8';

export function heapLimitBytes(): number {
  return getHeapStatistics().heap_size_limit;
}

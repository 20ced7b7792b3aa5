// A coordinator of no run: whoever calls it is sent away.
import type { ServerHandlers } from '../../src/rpc/server.ts';

export const NOBODY: ServerHandlers = {
  onAgent: (stream) => {
    stream.end();
    return { onMessage: () => {}, onClose: () => {} };
  },
  getBlob: async function* () {},
  putBlob: async () => {},
  watch: async () => {},
  cancel: async () => {},
};

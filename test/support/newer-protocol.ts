// The protocol as a later version of outflow might have it: with fields and messages that this one does not know, and numbers that
// a test chooses. Both sides speak it raw.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  type Client,
  credentials,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import { BlobService, CHANNEL_OPTIONS } from '../../src/rpc/protocol.ts';

const PROTO = path.resolve(import.meta.dirname, '../../proto/outflow/v1');
const NEW_MESSAGE = 'message Future { string text = 1; }';

/** Additions at the ends of messages. */
const ADDED: [before: string, after: string][] = [
  ['    Leaving leaving = 7;', '    Leaving leaving = 7;\n    Future future = 99;'],
  ['    OpenExec open_exec = 10;', '    OpenExec open_exec = 10;\n    Future future = 99;'],
  ['  uint32 protocol = 17;        // what the agent', '  Future wish = 98;\n  uint32 protocol = 17; // what the agent'],
  ['  string version = 19;         // of outflow', '  string version = 19;\n  Future wish = 98;'],
];

function newerAgentService(): ServiceClientConstructor {
  const [words = '', agent = ''] = ['words', 'agent'].map((name) => readFileSync(path.join(PROTO, `${name}.proto`), 'utf8'));
  let text = agent;
  for (const [before, after] of ADDED) {
    if (!text.includes(before)) throw new Error(`agent.proto has no line ${before}`);
    text = text.replace(before, after);
  }
  const root = new protobuf.Root();
  for (const each of [words, text + NEW_MESSAGE]) protobuf.parse(each, root);
  const options = { longs: Number, defaults: true, arrays: true, objects: true, oneofs: true };
  const { outflow } = loadPackageDefinition(fromJSON(root.toJSON(), options)) as any;
  return outflow.v1.AgentService;
}

/** A session of an agent of that version; gives what it is told, message by message. */
export function newerSession(address: string, hello: object): { client: Client; call: any } {
  const Service = newerAgentService();
  const client = new Service(address, credentials.createInsecure(), CHANNEL_OPTIONS);
  const call = (client as any).Session();
  call.on('error', () => {}); // the end is what counts
  call.write({ future: { text: 'before the hello' } });
  call.write({ hello: { agent: 'newer', host: 'elsewhere', pid: 1, cpus: 1, wish: { text: 'for more' }, ...hello } });
  call.write({ future: { text: 'after the hello' } });
  return { client, call };
}

/** A coordinator of that version, which greets every agent and asks for what it does not know. */
export async function newerCoordinator(address: string, welcome: object): Promise<{ heard: any[]; close(): void }> {
  const server = new Server(CHANNEL_OPTIONS);
  const heard: any[] = [];
  server.addService(newerAgentService().service, {
    Session: (call: any) => {
      call.on('error', () => {});
      call.on('data', (message: any) => {
        heard.push(message);
        if (message.kind !== 'hello') return;
        call.write({ future: { text: 'before the welcome' } });
        call.write({ welcome: { epoch: 1, run: 'testrun1', orphanGraceMs: 60_000, wish: { text: 'for more' }, ...welcome } });
        call.write({ future: { text: 'after the welcome' } });
      });
    },
  });
  // The pipeline does not come, so the agent goes on waiting for it.
  server.addService(BlobService.service, { Get: () => {}, Put: () => {} });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  );
  return { heard, close: () => server.forceShutdown() };
}

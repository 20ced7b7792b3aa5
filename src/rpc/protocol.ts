// The protocol's services, made from the .proto texts: no file is read at run time.
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import agentText from '../../proto/outflow/v1/agent.proto';
import controlText from '../../proto/outflow/v1/control.proto';
import wordsText from '../../proto/outflow/v1/words.proto';
import { LIMITS } from '../model/limits.ts';

const DECODING = { longs: Number, defaults: true, arrays: true, objects: true, oneofs: true } as const;

interface AgentProtocol {
  AgentService: ServiceClientConstructor;
  BlobService: ServiceClientConstructor;
  TunnelService: ServiceClientConstructor;
}

interface ControlProtocol {
  ControlService: ServiceClientConstructor;
}

let agent: AgentProtocol | undefined;
let control: ControlProtocol | undefined;

/** What agents use. Parsed at first use: making services takes tens of milliseconds, so a program makes only its own. */
export function agentProtocol(): AgentProtocol {
  agent ??= load(wordsText, agentText) as unknown as AgentProtocol;
  return agent;
}

/** What the CLI uses. */
export function controlProtocol(): ControlProtocol {
  control ??= load(wordsText, controlText) as unknown as ControlProtocol;
  return control;
}

function load(...texts: string[]): GrpcObject {
  const root = new protobuf.Root();
  for (const text of texts) protobuf.parse(text, root);
  const { outflow } = loadPackageDefinition(fromJSON(root.toJSON(), DECODING)) as { outflow: { v1: GrpcObject } };
  return outflow.v1;
}

/** Options of every channel and server: no proxy, our message size, keep-alive by our own heartbeat. */
export const CHANNEL_OPTIONS = {
  'grpc.enable_http_proxy': 0,
  'grpc.max_receive_message_length': LIMITS.messageBytes,
  'grpc.max_send_message_length': LIMITS.messageBytes,
  'grpc.enable_retries': 0,
} as const;

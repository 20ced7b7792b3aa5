// The protocol's services, made from the .proto texts: no file is read at run time.
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import agentText from '../../proto/outflow/v1/agent.proto';
import controlText from '../../proto/outflow/v1/control.proto';
import wordsText from '../../proto/outflow/v1/words.proto';
import { LIMITS } from '../model/limits.ts';

export const DECODING = { longs: Number, defaults: true, arrays: true, objects: true, oneofs: true } as const;

function parse(): protobuf.INamespace {
  const root = new protobuf.Root();
  for (const text of [wordsText, agentText, controlText]) protobuf.parse(text, root);
  return root.toJSON();
}

interface Services {
  AgentService: ServiceClientConstructor;
  BlobService: ServiceClientConstructor;
  ControlService: ServiceClientConstructor;
}

let services: Services | undefined;

/** The three services of `outflow.v1`. Parsed at first use. */
export function protocol(): Services {
  services ??= (loadPackageDefinition(fromJSON(parse(), DECODING)).outflow as GrpcObject).v1 as unknown as Services;
  return services;
}

/** Options of every channel and server: no proxy, our message size, keep-alive by our own heartbeat. */
export const CHANNEL_OPTIONS = {
  'grpc.enable_http_proxy': 0,
  'grpc.max_receive_message_length': LIMITS.messageBytes,
  'grpc.max_send_message_length': LIMITS.messageBytes,
  'grpc.enable_retries': 0,
} as const;

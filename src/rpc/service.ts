// A service of a .proto file as gRPC wants it: how each message becomes bytes, and bytes a message.
import { makeClientConstructor, type ServiceClientConstructor, type ServiceDefinition } from '@grpc/grpc-js';

/** What protobufjs makes of a message type. */
interface Codec {
  fromObject(value: object): object;
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  toObject(message: object, options: object): object;
}

interface ProtoMethod {
  path: string;
  requestStream: boolean;
  responseStream: boolean;
  request: Codec;
  response: Codec;
}

/** Its methods by name. */
export type ProtoService = Readonly<Record<string, ProtoMethod>>;

/** Every field is there, 64-bit numbers are numbers, and of a `oneof` its name says which is set. */
const DECODING = { longs: Number, defaults: true, arrays: true, objects: true, oneofs: true };

/** Its `service` is the definition for a server. */
export function serviceClient(name: string, methods: ProtoService): ServiceClientConstructor {
  const definition: ServiceDefinition = Object.fromEntries(
    Object.entries(methods).map(([method, { request, response, ...how }]) => [
      method,
      {
        ...how,
        requestSerialize: serializer(request),
        requestDeserialize: deserializer(request),
        responseSerialize: serializer(response),
        responseDeserialize: deserializer(response),
      },
    ]),
  );
  return makeClientConstructor(definition, name);
}

function serializer(codec: Codec): (value: object) => Buffer {
  return (value) => codec.encode(codec.fromObject(value)).finish() as Buffer;
}

function deserializer(codec: Codec): (bytes: Buffer) => object {
  return (bytes) => codec.toObject(codec.decode(bytes), DECODING);
}

// What is made of the .proto files when outflow is built does the same as what @grpc/proto-loader makes of them.
import path from 'node:path';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { AgentService, BlobService, ControlService, TunnelService } from '../../../src/rpc/protocol.ts';

const proto = path.resolve('proto');
const files = ['agent', 'control'].map((name) => path.join(proto, 'outflow', 'v1', `${name}.proto`));
const loaded = loadSync(files, {
  includeDirs: [proto],
  longs: Number,
  defaults: true,
  arrays: true,
  objects: true,
  oneofs: true,
});
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (path.isAbsolute(target) ? target : path.join(proto, target));
root.loadSync(files).resolveAll();

const SCALARS: Record<string, fc.Arbitrary<unknown>> = {
  string: fc.string({ unit: 'grapheme' }),
  bool: fc.boolean(),
  bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  double: fc.double(),
  float: fc.float(),
  int32: fc.integer(),
  sint32: fc.integer(),
  uint32: fc.nat(),
  int64: fc.maxSafeInteger(),
  uint64: fc.maxSafeNat(),
};

/** Messages of the type, as the program writes them: some fields left out, at most one of a `oneof`. */
function messages(type: protobuf.Type): fc.Arbitrary<Record<string, unknown>> {
  const single = type.fieldsArray.filter(({ partOf }) => partOf === null);
  const plain = fc.record(Object.fromEntries(single.map((field) => [field.name, values(field)])), { requiredKeys: [] });
  const chosen = type.oneofsArray.map(({ name, fieldsArray }) =>
    fc.oneof(...fieldsArray.map((field) => values(field).map((value) => ({ [name]: field.name, [field.name]: value })))),
  );
  return fc.tuple(plain, ...chosen).map((parts) => Object.assign({}, ...parts));
}

function values(field: protobuf.Field): fc.Arbitrary<unknown> {
  const one = field.resolvedType instanceof protobuf.Type ? messages(field.resolvedType) : SCALARS[field.type];
  if (one === undefined) throw new Error(`no values for a ${field.type}`);
  if (field.map) return fc.dictionary(fc.string(), one);
  return field.repeated ? fc.array(one, { maxLength: 4 }) : one;
}

describe.each(
  [AgentService, BlobService, TunnelService, ControlService].map((each) => [each.serviceName, each.service] as const),
)('%s', (name, service) => {
  const expected = loaded[`outflow.v1.${name}`] as unknown as ServiceDefinition;

  test('has the same methods', () => {
    const told = ({ path, requestStream, responseStream }: MethodDefinition<object, object>): unknown[] => [
      path,
      requestStream,
      responseStream,
    ];
    expect(Object.keys(service)).toEqual(Object.keys(expected));
    expect(Object.values(service).map(told)).toEqual(Object.values(expected).map(told));
  });

  test.each(Object.keys(service))('%s: the same bytes, and the same messages of them', (method) => {
    const [ours, theirs] = [service[method], expected[method]] as [
      MethodDefinition<object, object>,
      MethodDefinition<object, object>,
    ];
    const { resolvedRequestType, resolvedResponseType } = root.lookupService(`outflow.v1.${name}`).methods[
      method
    ] as protobuf.Method;
    fc.assert(
      fc.property(
        messages(resolvedRequestType as protobuf.Type),
        messages(resolvedResponseType as protobuf.Type),
        (asked, told) => {
          const request = theirs.requestSerialize(asked);
          expect(ours.requestSerialize(asked)).toEqual(request);
          expect(ours.requestDeserialize(request)).toEqual(theirs.requestDeserialize(request));
          const response = theirs.responseSerialize(told);
          expect(ours.responseSerialize(told)).toEqual(response);
          expect(ours.responseDeserialize(response)).toEqual(theirs.responseDeserialize(response));
        },
      ),
      { numRuns: 30 },
    );
  });
});

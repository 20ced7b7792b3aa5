// The types in src/rpc/messages.ts and src/rpc/exec-messages.ts name the same fields as the .proto files.
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';

const typed = new Map<string, string[]>();
const source = ['messages.ts', 'exec-messages.ts']
  .map((file) => readFileSync(new URL(`../../../src/rpc/${file}`, import.meta.url), 'utf8'))
  .join('');
for (const [, name, body] of source.matchAll(/export interface (\w+) \{([^}]*)\}/g)) {
  typed.set(
    name as string,
    [...(body as string).matchAll(/^ {2}(\w+):/gm)].map(([, field]) => field as string),
  );
}

const root = new protobuf.Root();
for (const name of ['words', 'agent', 'control']) {
  protobuf.parse(readFileSync(new URL(`../../../proto/outflow/v1/${name}.proto`, import.meta.url), 'utf8'), root);
}
const RENAMED: Record<string, string> = { Failure: 'FailureMessage' };

const messages = (root.lookup('outflow.v1') as protobuf.Namespace).nestedArray.filter(
  (each): each is protobuf.Type => each instanceof protobuf.Type,
);

test.each(messages.filter(({ name }) => typed.has(RENAMED[name] ?? name)).map((type) => [type.name, type] as const))(
  '%s',
  (name, type) => {
    expect(typed.get(RENAMED[name] ?? name)?.sort()).toEqual(type.fieldsArray.map((field) => field.name).sort());
  },
);

// A short text of a schema for people, from its JSON Schema where its library gives one: `integer`, `array of string`.
import type { Schema } from './schema.ts';

interface JsonSchema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  items?: JsonSchema | boolean;
  prefixItems?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
}

const LONGEST = 80;

/** `direction`: what the schema takes, or what it gives. Undefined where nothing is known, as of dates. */
export function typeText(schema: Schema, direction: 'input' | 'output'): string | undefined {
  const standard = schema['~standard'] as { jsonSchema?: Record<string, (options: { target: string }) => JsonSchema> };
  let text: string | undefined;
  try {
    const json = standard.jsonSchema?.[direction]?.({ target: 'draft-2020-12' });
    text = json === undefined ? undefined : textOf(json, 0);
  } catch {
    return undefined; // not to be told in JSON Schema
  }
  return text === undefined || text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

function textOf(json: JsonSchema, depth: number): string | undefined {
  if (depth > 4) return '…';
  if (json.enum !== undefined) return json.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (json.const !== undefined) return JSON.stringify(json.const);
  const choices = json.anyOf ?? json.oneOf;
  if (choices !== undefined) return choices.map((choice) => textOf(choice, depth + 1) ?? 'anything').join(' | ');
  if (Array.isArray(json.type)) return json.type.join(' | ');
  if (json.type === 'array') return arrayText(json, depth);
  if (json.type === 'object') return objectText(json, depth);
  return json.type;
}

function arrayText({ items, prefixItems }: JsonSchema, depth: number): string {
  if (prefixItems !== undefined) return `[${prefixItems.map((item) => textOf(item, depth + 1) ?? 'anything').join(', ')}]`;
  const item = typeof items === 'object' ? textOf(items, depth + 1) : undefined;
  return item === undefined ? 'array' : `array of ${item.includes(' | ') ? `(${item})` : item}`;
}

function objectText({ properties, required, additionalProperties }: JsonSchema, depth: number): string {
  const members = Object.entries(properties ?? {});
  if (members.length > 0) {
    return `{ ${members.map(([name, member]) => `${name}${required?.includes(name) ? '' : '?'}: ${textOf(member, depth + 1) ?? 'anything'}`).join(', ')} }`;
  }
  const member = typeof additionalProperties === 'object' ? textOf(additionalProperties, depth + 1) : undefined;
  return member === undefined ? 'object' : `object of ${member}`;
}

// The types that flow through chains: what is needed, what is given, which arguments are read, and the errors that name a culprit.
import type { Failure } from '../model/states.ts';
import type { InputOf, OutputOf, Schema, Shape } from './schema.ts';

/** Written out in hover texts, member by member. */
export type Show<T> = { [K in keyof T]: T[K] } & {};
export type MaybePromise<T> = T | PromiseLike<T>;
type IsAny<T> = 0 extends 1 & T ? true : false;
type IsUnknown<T> = IsAny<T> extends true ? true : unknown extends T ? true : false;

declare const ITERATED: unique symbol;
/** A need that a map serves element by element, from the array of that name. */
export interface Iterated<ArrayName extends string, Element> {
  readonly [ITERATED]: { array: ArrayName; element: Element };
}

declare const INPUT_TYPES: unique symbol;
/** An input with a default: `input(schema, { default })`. */
export interface DefaultedInput<S extends Schema> {
  readonly [INPUT_TYPES]: { schema: S; defaulted: true };
}
/** An input that a map around the task iterates: `iterateOn(arrayName, schema)`. */
export interface IteratedInput<ArrayName extends string, S extends Schema> {
  readonly [INPUT_TYPES]: { schema: S; array: ArrayName };
}
/** What `inputs` of a task holds by name. */
export type InputShape = Readonly<Record<string, Schema | DefaultedInput<Schema> | IteratedInput<string, Schema>>>;

type SchemaOf<I> = I extends { readonly [INPUT_TYPES]: { schema: infer S extends Schema } } ? S : I extends Schema ? I : never;

/** The inputs as the task's `run` gets them. */
export type InputValues<I extends InputShape> = Show<{ [K in keyof I]: OutputOf<SchemaOf<I[K]>> }>;
/** Arguments or outputs as their schemas give them. */
export type OutputValues<S extends Shape> = Show<{ [K in keyof S]: OutputOf<S[K]> }>;

/** Names whose schema takes `undefined`, on purpose: `unknown` and `any` do not make an input optional. */
type OptionalNames<S> = { [K in keyof S]: IsOptional<S[K]> extends true ? K : never }[keyof S];
type IsOptional<I> = I extends { readonly [INPUT_TYPES]: { defaulted: true } }
  ? true
  : I extends { readonly [INPUT_TYPES]: { array: string } }
    ? false
    : I extends Schema
      ? IsUnknown<InputOf<I>> extends true
        ? false
        : undefined extends InputOf<I>
          ? true
          : false
      : false;

type NeedOf<I> = I extends IteratedInput<infer A, infer S> ? Iterated<A, InputOf<S>> : InputOf<SchemaOf<I>>;
/** What others must give for these inputs. */
export type NeedsOf<I extends InputShape> = Show<
  { [K in Exclude<keyof I, OptionalNames<I>>]: NeedOf<I[K]> } & { [K in OptionalNames<I>]?: NeedOf<I[K]> }
>;

/** What schemas accept by name, before their defaults and transformations. */
export type AcceptedValues<O extends Shape> = Show<
  { [K in Exclude<keyof O, OptionalNames<O>>]: InputOf<O[K]> } & { [K in OptionalNames<O>]?: InputOf<O[K]> }
>;

type OnlyKey<T, K extends keyof T = keyof T> = K extends unknown ? ([keyof T] extends [K] ? K : never) : never;
/** The bare value of a task's only output. Not for a type whose own values may look like the record `{ [name]: … }`. */
type BareValue<O extends Shape> = [OnlyKey<O>] extends [never]
  ? never
  : OnlyKey<O> extends infer K extends keyof O & string
    ? { [N in K]: never } extends InputOf<O[K]>
      ? never
      : InputOf<O[K]>
    : never;
/** All that a task's `run` may return: the record of its outputs, the bare value of an only one, nothing without outputs. */
export type Returned<O extends Shape> = keyof O extends never
  ? void | undefined | Record<string, never>
  : AcceptedValues<O> | BareValue<O>;

/** The types of a chain. `later`: needs of tasks further down, which piping into the chain does not serve. */
export interface ChainTypes {
  needs: object;
  gives: readonly object[];
  reads: object;
  later?: object;
}
declare const TYPES: unique symbol;
/** Anything that carries the types of a chain. */
export interface Typed<T extends ChainTypes> {
  readonly [TYPES]: T;
}

type LaterOf<T extends ChainTypes> = T extends { later: infer L extends object } ? L : {};
export type Types<Needs extends object, Later extends object, Gives extends readonly object[], Reads extends object> = Show<
  { needs: Needs; gives: Gives; reads: Reads } & (keyof Later extends never ? {} : { later: Later })
>;

/** Needs of two: where one of them is iterated, the element serves both; what both can do without stays optional. */
export type Merge<A, B> = keyof A extends never
  ? B
  : keyof B extends never
    ? A
    : {
        [K in keyof (Names<A> & Names<B>)]: K extends keyof A
          ? K extends keyof B
            ? MergeNeed<A[K], B[K]>
            : A[K]
          : K extends keyof B
            ? B[K]
            : never;
      };
/** Optional in an intersection is what is optional in both; without their types, which might exclude each other. */
type Names<T> = { [K in keyof T]: unknown };
type MergeNeed<A, B> = A extends Iterated<string, unknown> ? A : B extends Iterated<string, unknown> ? B : A & B;

/** All that a chain takes from outside. */
export type OpenNeeds<T extends ChainTypes> = Merge<T['needs'], LaterOf<T>>;

/** The outputs of all terminating tasks, by name. */
export type GivenBy<G extends readonly object[]> = G extends readonly []
  ? {}
  : G extends readonly [infer Only]
    ? Only
    : G extends readonly [infer First, ...infer Rest extends readonly object[]]
      ? Show<First & GivenBy<Rest>>
      : G[number];

type ValueOf<Need> = Need extends Iterated<string, infer E> ? E : Need;
type OptionalKeys<T> = { [K in keyof T]-?: {} extends Pick<T, K> ? K : never }[keyof T];
type RequiredKeys<T> = Exclude<keyof T, OptionalKeys<T>>;
type AllowedFor<N, K extends keyof N> = K extends OptionalKeys<N> ? ValueOf<N[K]> | undefined : ValueOf<N[K]>;

declare const PROBLEM: unique symbol;
/** The output `Name` has not the type that the input of that name wants. */
export interface WrongType<Name, Given, Wanted> {
  readonly [PROBLEM]: [Name, Given, Wanted];
}
/** Two of the joined chains give an output of this name. */
export interface DuplicateOutput<Name> {
  readonly [PROBLEM]: Name;
}
/** Nobody gives this input of the workflow. */
export interface MissingInput<Name, Wanted> {
  readonly [PROBLEM]: [Name, Wanted];
}
/** The input is iterated: its task belongs into a `mapTask`. */
export interface IteratedOutsideMap<Name> {
  readonly [PROBLEM]: Name;
}
/** The map's generator does not declare this iterated input among its `elements`. */
export interface MissingElement<Name> {
  readonly [PROBLEM]: Name;
}
/** A task reads this argument, which the command's `args` do not declare. */
export interface MissingArgument<Name, Wanted> {
  readonly [PROBLEM]: [Name, Wanted];
}
/** A task wants this argument of another type than the command's flag gives. */
export interface WrongArgument<Name, Given, Wanted> {
  readonly [PROBLEM]: [Name, Given, Wanted];
}
/** This option of sbatch is set by outflow alone: docs/slurm.md tells what to use instead. */
export interface DecidedByOutflow<Option> {
  readonly [PROBLEM]: Option;
}
/** The task has no such input to bind. */
export interface UnknownInput<Name, Known> {
  readonly [PROBLEM]: [Name, Known];
}

type Mismatched<G, N> = { [K in keyof G & keyof N]: G[K] extends AllowedFor<N, K> ? never : K }[keyof G & keyof N];
/** `unknown` where the chain fits behind what gives `G`, else the first mismatch by name. */
export type FitsBehind<G, N> = [Mismatched<G, N>] extends [never]
  ? unknown
  : { [K in Mismatched<G, N>]: WrongType<K, G[K], ValueOf<N[K]>> }[Mismatched<G, N>];

/** The types of `first.pipe(next)`. */
export type Piped<T extends ChainTypes, N extends ChainTypes> = Types<
  T['needs'],
  Merge<LaterOf<T>, Merge<Show<Omit<N['needs'], keyof GivenBy<T['gives']>>>, LaterOf<N>>>,
  N['gives'],
  Merge<T['reads'], N['reads']>
>;

/** The types of several chains side by side. */
export type Joined<C extends readonly unknown[]> = C extends readonly [Typed<infer A>]
  ? A
  : C extends readonly [Typed<infer A>, ...infer Rest extends readonly [unknown, ...unknown[]]]
    ? Joined<Rest> extends infer R extends ChainTypes
      ? Types<
          Merge<A['needs'], R['needs']>,
          Merge<LaterOf<A>, LaterOf<R>>,
          [...A['gives'], ...R['gives']],
          Merge<A['reads'], R['reads']>
        >
      : never
    : C extends readonly Typed<infer E>[]
      ? Types<E['needs'], LaterOf<E>, E['gives'][number][], E['reads']>
      : never;

/** What a callback may return: one chain or several. */
export type ChainsOf<B> = B extends Typed<infer T> ? T : B extends readonly Typed<ChainTypes>[] ? Joined<B> : never;

type DuplicateNames<C extends readonly unknown[], Seen = never> = C extends readonly [Typed<infer A>, ...infer Rest]
  ? (keyof GivenBy<A['gives']> & Seen) | DuplicateNames<Rest, Seen | keyof GivenBy<A['gives']>>
  : never;
export type NoDuplicates<C extends readonly unknown[]> = [DuplicateNames<C>] extends [never]
  ? unknown
  : DuplicateOutput<DuplicateNames<C>>;

type IteratedKeys<N> = { [K in keyof N]-?: N[K] extends Iterated<string, unknown> ? K : never }[keyof N];
type ArrayNames<N> = { [K in keyof N]-?: N[K] extends Iterated<infer A, unknown> ? A : never }[keyof N];
type ElementFor<N, A> = { [K in keyof N]-?: N[K] extends Iterated<A & string, infer E> ? E : never }[keyof N];
/** What a map takes for a body that needs `N`: arrays for what is iterated. */
export type Lifted<N> = [IteratedKeys<N>] extends [never]
  ? N
  : Merge<Show<Omit<N, IteratedKeys<N>>>, { [A in ArrayNames<N>]: ElementFor<N, A>[] }>;
/** The element objects of a map whose body needs `N`. */
export type ElementOf<N> = Show<{ [K in IteratedKeys<N>]: ValueOf<N[K]> }>;
/** `unknown` where a declared generator serves all that the body iterates, else the first input that it does not. */
export type IteratedLeft<N, GE> = keyof GE extends never
  ? unknown
  : [Exclude<IteratedKeys<N>, keyof GE>] extends [never]
    ? unknown
    : MissingElement<Exclude<IteratedKeys<N>, keyof GE>>;
/** What one unit gives: a record of outputs a terminating task, or with `onFailure: 'keep'` the failure in its place. */
export type UnitResult<B, Fail> = Fail extends 'keep' ? ChainsOf<B>['gives'] | Failure : ChainsOf<B>['gives'];
/** What a map with a generator still takes for its body: neither what elements hold nor what is iterated. */
export type NeedsBeside<N, Elements> = Show<Omit<N, keyof Elements | IteratedKeys<N>>>;

/** Each required input that nobody gives, as a problem; `never` where the whole workflow lacks nothing. */
export type Lacking<N> = {
  [K in RequiredKeys<N>]: N[K] extends Iterated<string, unknown> ? IteratedOutsideMap<K> : MissingInput<K, N[K]>;
}[RequiredKeys<N>];

/** Each argument that tasks read and the command lacks or types otherwise, as a problem; `never` where there is none. */
export type WrongArgs<Args, Reads> = {
  [K in keyof Reads]-?: K extends keyof Args
    ? Args[K] extends AllowedFor<Reads, K>
      ? never
      : WrongArgument<K, Args[K], Reads[K]>
    : K extends OptionalKeys<Reads>
      ? never
      : MissingArgument<K, Reads[K]>;
}[keyof Reads];

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fastify, { type FastifyInstance } from 'fastify';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNullableType,
  isInputObjectType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
  printSchema,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerGraphql } from '../../src/graphql/graphql.ts';
import { buildUnconnectedApp, type OpenApi, openapiOf, operationsOf, type Schema } from '../support/contract.ts';
import { operationIdOf, rootFieldsOf } from '../support/graphql.ts';

const FILE = 'schema.graphql';
let app: FastifyInstance;
let running: GraphQLSchema;
let openapi: OpenApi;
beforeAll(async () => {
  app = await buildUnconnectedApp();
  running = app.graphql.schema;
  openapi = openapiOf(app);
});
afterAll(() => app.close());

type Field = GraphQLField<unknown, unknown>;

const rootFields = () => rootFieldsOf(running);

test('the running schema is schema.graphql', () => {
  const written = readFileSync(FILE, 'utf8');
  expect(printSchema(running), `edit ${FILE}; it is loaded at boot`).toBe(printSchema(buildSchema(written)));
});

test('a changed word of schema.graphql is a changed contract', () => {
  const digest = createHash('sha256').update(printSchema(running)).digest('hex');
  expect(digest, `read the difference of ${FILE}, then run \`npm run contracts\``).toMatchInlineSnapshot(
    `"6b365a318cb59e01dd5b315cde30429ad999fb5d140de1f2db716463e3b406ee"`,
  );
});

test('each field of Query and Mutation has a resolver, and a resolver without a field does not boot', async () => {
  expect(rootFields().filter((field) => field.resolve === undefined)).toEqual([]);
  const stray = { Query: { nothingOfTheSort: async () => null } };
  await expect(registerGraphql(fastify(), [stray], true)).rejects.toThrow('nothingOfTheSort');
});

test('a refused field leaves the answers of the others: no root field is non-null', () => {
  expect(rootFields().filter(({ type }) => isNonNullType(type))).toEqual([]);
});

test('every type, every operation and every closed list of values is described', () => {
  const types = Object.values(running.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && (isObjectType(type) || isInputObjectType(type)),
  );
  const bare = [...types, ...rootFields()].filter(({ description }) => !description).map(({ name }) => name);
  expect(bare, `describe them in ${FILE}`).toEqual([]);
});

/** REST operations that GraphQL has not, since they are streams, files, or the wire formats of dialers. */
const REST_ONLY = [
  'createImport',
  'listImportRejections',
  'listImportRows',
  'resubmitImportRows',
  'getImportTemplate',
  'uploadCallRecords',
  'listCallRecordRejections',
  'listCallRecords',
  'getKeySet',
  'streamContactPermissions',
  // The same operation for what knows only GET, and the adapters: whoever can send GraphQL needs none of them.
  'requestContactPermissionByQuery',
  'validateForGenesysOcs',
  'requestForAsterisk',
  'getFreeswitchDialplan',
  'requestForAmazonConnect',
  'reportCall',
  'reportVicidialEvent',
  'livez',
  'readyz',
  'metrics',
];
const idOf = (field: Field) => operationIdOf(openapi, field.name);

test('GraphQL has every operation of REST that is no stream', () => {
  const reached = rootFields().map(idOf);
  const operations = operationsOf(openapi).map(({ operation }) => operation.operationId);
  expect([...new Set([...reached, ...REST_ONLY])].sort()).toEqual([...operations].sort());
});

function resolved(schema: Schema): Schema {
  const name = typeof schema.$ref === 'string' ? schema.$ref.replace('#/components/schemas/', '') : undefined;
  return name === undefined ? schema : openapi.components.schemas[name]!;
}

/** The schema without null, and whether null was allowed. */
function nonNull(schema: Schema): { inner: Schema; nullable: boolean } {
  const union = schema.anyOf as Schema[] | undefined;
  if (union?.some(({ type }) => type === 'null'))
    return { inner: resolved(union.find(({ type }) => type !== 'null')!), nullable: true };
  if (Array.isArray(schema.type))
    return { inner: { ...schema, type: schema.type.find((type) => type !== 'null') }, nullable: true };
  return { inner: resolved(schema), nullable: false };
}

const LEAVES: Readonly<Record<string, readonly string[]>> = {
  ID: ['string'],
  String: ['string'],
  Boolean: ['boolean'],
  Int: ['integer'],
  // Counts of rows may pass 2³¹.
  Float: ['number', 'integer'],
  JSON: ['object', 'any'],
};

/** What differs between a GraphQL type and a JSON schema, all the way down; `visited` are the types that were compared. */
function differences(
  type: GraphQLOutputType | GraphQLInputType,
  schema: Schema,
  way: string,
  visited: Set<string>,
  description: string,
): string[] {
  const { inner } = nonNull(schema);
  const bare = getNullableType(type);
  if (isListType(bare)) {
    if (inner.type !== 'array') return [`${way}: a list, in REST ${inner.type}`];
    return differences(bare.ofType, inner.items as Schema, `${way}[]`, visited, description);
  }
  if (isObjectType(bare) || isInputObjectType(bare)) {
    visited.add(bare.name);
    const properties = (inner.properties ?? {}) as Record<string, Schema>;
    const fields = bare.getFields();
    const names = [...new Set([...Object.keys(fields), ...Object.keys(properties)])];
    return names.flatMap((name) => {
      const here = `${way}.${name}`;
      const field = fields[name];
      const property = properties[name];
      if (!field) return [`${here}: not in GraphQL`];
      if (!property) return [`${here}: not in REST`];
      const isRequired = (inner.required as string[] | undefined)?.includes(name) ?? false;
      const needed = isRequired && !nonNull(property).nullable;
      const wrong =
        isNonNullType(field.type) === needed ? [] : [`${here}: ${field.type}, in REST ${needed ? '' : 'not '}needed`];
      return [...wrong, ...differences(field.type, property, here, visited, field.description ?? '')];
    });
  }
  const values = (inner.enum ?? []) as string[];
  const words: readonly string[] = description.match(/[\w:+-]+(?:\.[\w:+-]+)*/g) ?? [];
  const unnamed = values.filter((value) => !words.includes(value));
  return [
    ...(LEAVES[bare.toString()]?.includes((inner.type ?? 'any') as string)
      ? []
      : [`${way}: ${bare}, in REST ${inner.type}`]),
    ...(unnamed.length > 0 ? [`${way}: the description lacks ${unnamed.join(', ')}`] : []),
  ];
}

/** The arguments an operation takes beside `input`: what is in the path, the query and, without `input`, the body. */
function argumentsOf(field: Field): { schema: Schema; input: Schema | undefined } {
  const { operation } = operationsOf(openapi).find((one) => one.operation.operationId === idOf(field))!;
  // How an answer is written is a matter of the wire.
  const parameters = (operation.parameters ?? []).filter((one) => one.in !== 'header' && one.name !== 'format');
  const body = operation.requestBody?.content['application/json']?.schema;
  const takesInput = field.args.some(({ name }) => name === 'input');
  const flat = body && !takesInput ? resolved(body) : undefined;
  const required = parameters.filter((one) => one.required).map(({ name }) => name);
  return {
    schema: {
      properties: {
        ...Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
        ...(flat?.properties as object | undefined),
      },
      required: [...required, ...((flat?.required as string[] | undefined) ?? [])],
    },
    input: takesInput ? body : undefined,
  };
}

describe('REST and GraphQL have the same shapes', () => {
  const visited = new Set<string>();

  test('of answers', () => {
    const found = rootFields().flatMap((field) => {
      const id = idOf(field);
      const { responses } = operationsOf(openapi).find(({ operation }) => operation.operationId === id)!.operation;
      const [, success] = Object.entries(responses).find(([status]) => Number(status) < 300)!;
      // Where dialers may choose another form of the answer, the first is the one in full.
      const { schema: declared } = success.content!['application/json']!;
      const schema = resolved((declared.anyOf as Schema[] | undefined)?.[0] ?? declared);
      const isList = isListType(getNullableType(field.type));
      const answer = isList ? (schema.properties as Record<string, Schema>).items! : schema;
      return differences(field.type, answer, field.name, visited, '');
    });
    expect(found, `edit ${FILE} or the zod schema`).toEqual([]);
  });

  test('of requests', () => {
    const found = rootFields().flatMap((field) => {
      const { schema, input } = argumentsOf(field);
      const properties = schema.properties as Record<string, Schema>;
      const left = Object.keys(properties).filter((name) => !field.args.some((argument) => argument.name === name));
      return [
        ...left.map((name) => `${field.name}(${name}): not in GraphQL`),
        ...field.args.flatMap((argument) => {
          const way = `${field.name}(${argument.name})`;
          const given = argument.name === 'input' ? input : properties[argument.name];
          if (!given) return [`${way}: not in REST`];
          const needed = argument.name === 'input' || (schema.required as string[]).includes(argument.name);
          const wrong = isNonNullType(argument.type) === needed ? [] : [`${way}: needed in one and not in the other`];
          return [...wrong, ...differences(argument.type, given, way, visited, argument.description ?? '')];
        }),
      ];
    });
    expect(found, `edit ${FILE} or the zod schema`).toEqual([]);
  });

  test('and no type stands beside them', () => {
    const types = Object.values(running.getTypeMap()).filter(
      (type) => !isIntrospectionType(type) && (isObjectType(type) || isInputObjectType(type)),
    );
    expect(types.map(({ name }) => name).filter((name) => !visited.has(name))).toEqual(['Query', 'Mutation']);
  });
});

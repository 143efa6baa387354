import { type GraphQLField, type GraphQLOutputType, type GraphQLSchema, getNamedType, isObjectType } from 'graphql';
import { type OpenApi, operationsOf } from './contract.ts';

/** All fields of Query and Mutation: the operations. */
export function rootFieldsOf(schema: GraphQLSchema): GraphQLField<unknown, unknown>[] {
  return [schema.getQueryType()!, schema.getMutationType()!].flatMap((type) => Object.values(type.getFields()));
}

/** The operation of REST that a field stands for: its own name, or `get…` or `list…` of it. */
export function operationIdOf(openapi: OpenApi, field: string): string {
  if (field.startsWith('checkContact')) return field.replace('checkContact', 'requestContactPermission');
  const capital = field[0]!.toUpperCase() + field.slice(1);
  const ids = operationsOf(openapi).map(({ operation }) => operation.operationId);
  return [field, `get${capital}`, `list${capital}`].find((id) => ids.includes(id)) ?? `no operation for ${field}`;
}

/** Every field that a type has, all the way down: what REST answers without being asked. */
export function selectionOf(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (!isObjectType(named)) return '';
  const fields = Object.values(named.getFields()).map((field) => `${field.name}${selectionOf(field.type)}`);
  return ` { ${fields.join(' ')} }`;
}

/** The document that calls one operation with its arguments as variables of their own names, and asks for everything. */
export function documentOf(schema: GraphQLSchema, operation: string): string {
  const isQuery = schema.getQueryType()!.getFields()[operation] !== undefined;
  const field = rootFieldsOf(schema).find(({ name }) => name === operation);
  if (!field) throw new Error(`there is no operation ${operation}`);
  const declared = field.args.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const given = field.args.map(({ name }) => `${name}: $${name}`).join(', ');
  const wrap = (text: string) => (text === '' ? '' : `(${text})`);
  const kind = isQuery ? 'query' : 'mutation';
  return `${kind}${wrap(declared)} { ${operation}${wrap(given)}${selectionOf(field.type)} }`;
}

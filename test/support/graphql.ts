import { type GraphQLOutputType, type GraphQLSchema, getNamedType, isObjectType } from 'graphql';

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
  const field = (isQuery ? schema.getQueryType()! : schema.getMutationType()!).getFields()[operation];
  if (!field) throw new Error(`there is no operation ${operation}`);
  const declared = field.args.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const given = field.args.map(({ name }) => `${name}: $${name}`).join(', ');
  const wrap = (text: string) => (text === '' ? '' : `(${text})`);
  const kind = isQuery ? 'query' : 'mutation';
  return `${kind}${wrap(declared)} { ${operation}${wrap(given)}${selectionOf(field.type)} }`;
}

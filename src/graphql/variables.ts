import {
  type GraphQLInputType,
  type GraphQLSchema,
  isInputObjectType,
  isListType,
  isNonNullType,
  typeFromAST,
  type VariableDefinitionNode,
} from 'graphql';
import type { FieldCode, FieldError } from '../errors.ts';
import { pointerOf } from '../validation.ts';

/**
 * Why a variable does not fit its type, field by field, with the pointers and codes that REST gives for the same body.
 * The texts of graphql-js repeat the value, which may be a name or a number of a person.
 */
export function variableErrors(
  schema: GraphQLSchema,
  { variable, type }: VariableDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): FieldError[] {
  const input = typeFromAST(schema, type as never) as GraphQLInputType | undefined;
  const name = variable.name.value;
  if (input === undefined) return [];
  return misfits(Object.hasOwn(variables, name) ? variables[name] : undefined, input, []).map((error) =>
    error.pointer === '' ? { ...error, pointer: pointerOf([name]) } : error,
  );
}

function misfits(value: unknown, type: GraphQLInputType, path: readonly PropertyKey[]): FieldError[] {
  const misfit = (code: FieldCode, message: string, at = path) => [{ pointer: pointerOf(at), code, message }];
  if (isNonNullType(type)) {
    if (value === undefined) return misfit('REQUIRED', 'needed');
    return value === null ? misfit('INVALID_TYPE', 'must not be null') : misfits(value, type.ofType, path);
  }
  if (value === undefined || value === null) return [];
  if (isListType(type)) {
    const list = Array.isArray(value) ? value : [value];
    return list.flatMap((entry, index) => misfits(entry, type.ofType, [...path, index]));
  }
  if (isInputObjectType(type)) {
    if (typeof value !== 'object' || Array.isArray(value)) return misfit('INVALID_TYPE', 'must be an object');
    const entries = value as Readonly<Record<string, unknown>>;
    const fields = type.getFields();
    return [
      ...Object.values(fields).flatMap((field) =>
        misfits(Object.hasOwn(entries, field.name) ? entries[field.name] : undefined, field.type, [
          ...path,
          field.name,
        ]),
      ),
      ...Object.keys(entries)
        .filter((key) => !Object.hasOwn(fields, key))
        .flatMap((key) => misfit('UNKNOWN_FIELD', `Unknown field ${key}.`, [...path, key])),
    ];
  }
  try {
    type.parseValue(value);
    return [];
  } catch {
    return misfit('INVALID_TYPE', `must be of type ${type.name}`);
  }
}

import { type FastifySchemaCompiler, type FastifySchemaValidationError } from 'fastify';
import { type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { schemaProblems } from '@millrace/runtime';

/** Parameters and headers come as texts and are converted; a body says itself what it holds. Problems are told in the words of a person. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema);
  return (given: unknown) => {
    const value: unknown = httpPart === 'body' ? given : Value.Convert(schema, given);
    if (compiled.Check(value)) return { value };
    const error = schemaProblems(schema, value).map(({ path, message }): FastifySchemaValidationError => ({
      instancePath: path.map((key) => `/${key}`).join(''),
      message,
      keyword: '',
      schemaPath: '',
      params: {},
    }));
    return { error };
  };
};

import { type DialectRoute } from '../dialect.ts';

/** Unique for each method of a route. */
export const operationIdOf = (
  { methods, operationId }: Pick<DialectRoute, 'methods' | 'operationId'>,
  method: string,
): string => (methods.length === 1 || method === 'POST' ? operationId : `${operationId}By${method}`);

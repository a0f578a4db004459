import { type HttpCaller } from '@millrace/testkit';

/** A route as the server describes it, with values in place of its parameters. */
export interface DescribedRoute {
  readonly method: string;
  readonly path: string;
  /** The dialect that it belongs to; `undefined` for routes of our own. */
  readonly dialect: string | undefined;
  readonly isPublic: boolean;
  /** Names that its query takes. */
  readonly parameters: readonly string[];
}

interface Operation {
  readonly tags?: readonly string[];
  readonly security: readonly unknown[];
  /** Present where other listeners have it. */
  readonly servers?: readonly { readonly url: string }[];
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
}

/** Values for the parameters of addresses, by name; every other one becomes `x`. */
export type AddressValues = Readonly<Record<string, string>>;

/** All routes of a running server, from `GET /openapi.json`. */
export const readRoutes = async (http: HttpCaller, values: AddressValues): Promise<readonly DescribedRoute[]> => {
  const { json } = await http.get('/openapi.json', { token: null });
  const { paths } = json as { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };
  return Object.entries(paths).flatMap(([template, operations]) =>
    Object.entries(operations)
      .filter(([, { servers }]) => servers?.every(({ url }) => url !== '/') !== true)
      .map(([method, { tags = [], security, parameters = [] }]) => ({
        method: method.toUpperCase(),
        path: template.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? 'x'),
        dialect: tags[0],
        isPublic: security.length === 0,
        parameters: parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name),
      })),
  );
};

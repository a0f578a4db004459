import { type TSchema } from 'typebox';
import { type DialectRoute } from './dialect.ts';

/** For the OpenAPI description only: routes read requests by themselves, and say more about what is wrong with them. */
export interface RouteDescription {
  /** Of a JSON body. */
  readonly body?: TSchema;
  /** Bodies by media type, instead of a JSON one. */
  readonly bodies?: MediaTypes;
  readonly querystring?: TSchema;
  /** What stands for the wildcard of the address: `{namespace}/{flowId}`; default `{path}`, which may hold slashes. */
  readonly rest?: string;
  /** What the parameters of the address are, by name. */
  readonly params?: Readonly<Record<string, string>>;
  /** Answers that are JSON, by status. */
  readonly response?: Readonly<Record<number, TSchema>>;
  /** Answers of other media types, by status; an empty record is an answer without a body. Status 0: any that the workflow chooses. */
  readonly answers?: Readonly<Record<number, MediaTypes>>;
  /** Other ways to show who calls than the dialect's; see {@link DialectDescription.auth}. */
  readonly auth?: readonly string[];
  /** Bodies of refusals, where the route has errors of its own. */
  readonly errors?: MediaTypes;
}

export type MediaTypes = Readonly<Record<string, TSchema>>;

/** A security scheme of OpenAPI 3.1. */
export type SecurityScheme =
  | { readonly type: 'http'; readonly scheme: 'bearer' | 'basic'; readonly description: string }
  | {
      readonly type: 'apiKey';
      readonly in: 'header' | 'query' | 'cookie';
      readonly name: string;
      readonly description: string;
    };

/** What the routes of a dialect have in common, as OpenAPI tells it. */
export interface DialectDescription {
  /** Ways to show who calls that this dialect has beside those that all share. */
  readonly schemes?: Readonly<Record<string, SecurityScheme>>;
  /**
   * Names of schemes, any one of which is enough, for routes that start runs and for the others: `bearer`, `signature`, those of
   * `schemes`, and two that OpenAPI has no scheme for: `public`, and `path_key`, a key that is a parameter of the address.
   */
  readonly auth: { readonly start: readonly string[]; readonly other: readonly string[] };
  /** Bodies of refusals by media type: every body that `renderError` makes fits the schema of its type. */
  readonly errors: MediaTypes;
  /** What one route takes and gives; asked once for each. */
  readonly of?: (route: DialectRoute) => RouteDescription;
}

import { KEY_PLACEHOLDER, TOKEN_PLACEHOLDER, type Trigger } from '@millrace/contracts';

type Headers = Readonly<Record<string, string>>;

/** The header of an example that takes a token which may run the workflow. */
export const TOKEN_HEADER: Headers = { authorization: `Bearer ${TOKEN_PLACEHOLDER}` };
const KEY_HEADER: Headers = { authorization: `Bearer ${KEY_PLACEHOLDER}` };

/** The header by which a trigger lets the caller of its example in: none where it takes neither token nor key in a header. */
export const exampleCredentials = ({ auth }: Pick<Trigger, 'auth'>): Headers => {
  if (auth === 'token') return TOKEN_HEADER;
  return auth === 'workflow_key' ? KEY_HEADER : {};
};

/** The title of an example, which says so where a signature is wanted: no line of a shell can show one beforehand. */
export const exampleTitle = (title: string, { signature }: Pick<Trigger, 'signature'>): string =>
  signature === undefined ? title : `${title}; must be signed: millrace trigger send, preset ${signature.preset}`;

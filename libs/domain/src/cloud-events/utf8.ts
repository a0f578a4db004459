import { AppError } from '@millrace/kernel';

/** Of the WHATWG Encoding standard; the platform has it, the types of this pure library do not. */
declare const TextDecoder: new (
  label: string,
  options: { readonly fatal: boolean },
) => { decode(bytes: Uint8Array): string };

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Undefined for bytes that are not UTF-8. */
export const utf8Text = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
};

/** @throws AppError `invalid` `cloudevents.invalid`. */
export const neededUtf8 = (bytes: Uint8Array, what: string): string => {
  const text = utf8Text(bytes);
  if (text === undefined) throw new AppError('invalid', 'cloudevents.invalid', `${what} is not UTF-8`);
  return text;
};

import { AppError } from '@millrace/kernel';
import { type CloudEventAttributes } from './cloud-event.ts';

/** @param where the item of a batch, as `item 3: `; empty otherwise. */
export const invalidEvent = (message: string, where = ''): AppError =>
  new AppError('invalid', 'cloudevents.invalid', `${where}${message}`);

const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;
const TEXTS = [...REQUIRED, 'subject', 'time', 'datacontenttype', 'dataschema'] as const;

/** RFC 3339. */
const TIME = /^\d{4}-(\d\d)-(\d\d)[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
/** Lower-case letters and digits; other JSON members are not attributes. */
const NAME = /^[a-z0-9]+$/;
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(;.*)?$/;
/** RFC 3986: no blanks, controls or quotes; an absolute one has a scheme. */
const URI_REFERENCE = /^[^\s"<>\\^`{|}\u0000-\u001f]+$/;
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:/;

type Check = (value: string) => string | undefined;

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['specversion', (value) => (value === '1.0' ? undefined : 'is not 1.0')],
  ['source', (value) => (URI_REFERENCE.test(value) ? undefined : 'is not a URI reference')],
  [
    'time',
    (value) =>
      TIME.test(value) && !Number.isNaN(Date.parse(value.toUpperCase())) ? undefined : 'is not a time of RFC 3339',
  ],
  ['datacontenttype', (value) => (MEDIA_TYPE.test(value) ? undefined : 'is not a media type')],
  ['dataschema', (value) => (URI_REFERENCE.test(value) && URI.test(value) ? undefined : 'is not an absolute URI')],
]);

const INTEGER_MAX = 2_147_483_647;

const isExtensionValue = (value: unknown): boolean =>
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= INTEGER_MAX + 1);

const problemOfText = (name: string, value: unknown): string | undefined => {
  if (typeof value !== 'string') return 'is not a text';
  if (value === '') return 'is empty';
  return CHECKS.get(name)?.(value);
};

const checkTexts = (given: ReadonlyMap<string, unknown>, where: string): void => {
  for (const name of REQUIRED) {
    if (!given.has(name)) throw invalidEvent(`the attribute ${name} is missing`, where);
  }
  for (const name of TEXTS) {
    const problem = given.has(name) ? problemOfText(name, given.get(name)) : undefined;
    if (problem !== undefined) throw invalidEvent(`the attribute ${name} ${problem}`, where);
  }
};

/**
 * The attributes of an event, checked.
 *
 * @param given by name; `null` counts as absent.
 * @throws AppError `invalid` `cloudevents.invalid` that names the attribute, never its value.
 */
export const checkAttributes = (given: Iterable<readonly [string, unknown]>, where = ''): CloudEventAttributes => {
  const attributes = new Map([...given].filter(([, value]) => value !== null));
  checkTexts(attributes, where);
  for (const [name, value] of attributes) {
    if (!NAME.test(name))
      throw invalidEvent('the name of an attribute has other than lower-case letters and digits', where);
    if (!isExtensionValue(value)) throw invalidEvent(`the attribute ${name} is no text, boolean or integer`, where);
  }
  // Checked above: the required ones are there, and every value is of its type.
  return Object.fromEntries(attributes) as unknown as CloudEventAttributes;
};

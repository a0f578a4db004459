/**
 * Text from elsewhere (logs, results, descriptions) must not control a terminal: no escape sequences, no carriage returns that
 * overwrite what is shown, no reordering of what is read.
 */

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const CONTROL_PICTURES = 0x2400;
const DELETE_PICTURE = '\u2421';

const visible = (character: string): string => {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(CONTROL_PICTURES + code);
  return code === 0x7f ? DELETE_PICTURE : `\\u${code.toString(16).padStart(4, '0')}`;
};

/** Shows control characters instead of sending them: ESC becomes `␛`. Newlines and tabs stay. */
export const safeText = (text: string): string => text.replaceAll('\r\n', '\n').replace(CONTROL, visible);

/** As {@link safeText}, on one line. */
export const safeLine = (text: string): string => safeText(text).replaceAll('\n', '␊').replaceAll('\t', ' ');

/** JSON text that means the same and has no character left that a terminal would obey. */
export const safeJson = (json: string): string =>
  json.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

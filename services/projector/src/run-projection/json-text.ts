/** JSON text of any value. Well-formed: NUL and lone surrogates come out as escapes, so that any Postgres text can hold it. */
export const jsonText = (value: unknown): string => JSON.stringify(value);

/** Same, with nothing where there is no value. */
export const optionalJsonText = (value: unknown): string | null => (value === undefined ? null : jsonText(value));

/** What is sent back. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent: no body. */
  readonly body?: string | Uint8Array;
}

/** One server-sent event. */
export interface Frame {
  readonly event?: string;
  readonly id?: string;
  readonly data: string;
}

export const jsonAnswer = (status: number, value: unknown, headers?: Readonly<Record<string, string>>): Answer => ({
  status,
  headers: { ...headers, 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

export const textAnswer = (status: number, text: string, headers?: Readonly<Record<string, string>>): Answer => ({
  status,
  headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' },
  body: text,
});

export const emptyAnswer = (status: number, headers?: Readonly<Record<string, string>>): Answer => ({
  status,
  ...(headers === undefined ? {} : { headers }),
});

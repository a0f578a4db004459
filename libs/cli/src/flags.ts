import { type FlagParametersForType } from '@stricli/core';
import { type CliContext, type CommonFlags } from './context.ts';

const text = (input: string): string => input;

/** Flags that every command has; spread them into its own. */
export const COMMON_FLAGS: FlagParametersForType<CommonFlags, CliContext> = {
  url: {
    kind: 'parsed',
    parse: text,
    optional: true,
    placeholder: 'address',
    brief: 'Server to talk to; else MILLRACE_URL, else .millrace/server.json',
  },
  token: {
    kind: 'parsed',
    parse: text,
    optional: true,
    placeholder: 'token',
    brief: 'Token to use; else MILLRACE_TOKEN, else .millrace/server.json',
  },
  json: { kind: 'boolean', optional: true, withNegated: false, brief: 'Answer with JSON on stdout' },
  quiet: { kind: 'boolean', optional: true, withNegated: false, brief: 'Nothing but data' },
};

export const COMMON_ALIASES = { q: 'quiet' } as const;

export const textFlag = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: text, optional: true, brief, placeholder }) as const;

export const textsFlag = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: text, optional: true, variadic: true, brief, placeholder }) as const;

export const switchFlag = (brief: string) => ({ kind: 'boolean', optional: true, withNegated: false, brief }) as const;

export const argument = (brief: string, placeholder: string) => ({ parse: text, brief, placeholder }) as const;

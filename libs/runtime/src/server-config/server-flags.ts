import { type TSchema } from 'typebox';
import { type Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';

/** A command-line flag of the server; it takes a value. */
export interface ServerFlag {
  /** Without dashes. */
  readonly name: string;
  readonly description: string;
}

/** Every setting that has a flag, in the order of the configuration file. */
export const SERVER_FLAGS: readonly ServerFlag[] = Object.values(SETTINGS)
  .flatMap((section) => Object.values<Setting<TSchema, unknown>>(section))
  .flatMap(({ flag, description }) => (flag === undefined ? [] : [{ name: flag, description }]));

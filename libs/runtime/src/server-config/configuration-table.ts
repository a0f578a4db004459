import { type TSchema } from 'typebox';
import { type Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';

const code = (text: string | undefined): string => (text === undefined ? '' : `\`${text}\``);

const defaultOf = (setting: Setting<TSchema, unknown>): string =>
  setting.default === undefined ? '' : code(JSON.stringify(setting.default));

const row = (key: string, setting: Setting<TSchema, unknown>): string => {
  const unit = setting.unit === undefined ? '' : ` (${setting.unit})`;
  const flag = setting.flag === undefined ? undefined : `--${setting.flag}`;
  const cells = [code(key), defaultOf(setting), code(setting.env), code(flag), `${setting.description}${unit}`];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
};

/** The tables of `docs/configuration.md` in Markdown: one for each section of `millrace.toml`. */
export const configurationTable = (): string =>
  Object.entries(SETTINGS)
    .map(([section, settings]) =>
      [
        `### [${section}]`,
        '',
        '| key | default | environment | flag | what it is |',
        '| --- | --- | --- | --- | --- |',
        ...Object.entries<Setting<TSchema, unknown>>(settings).map(([key, setting]) => row(key, setting)),
      ].join('\n'),
    )
    .join('\n\n');

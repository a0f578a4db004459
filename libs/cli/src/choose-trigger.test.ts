import { type Trigger } from '@millrace/client';
import { expect, test } from 'vitest';
import { chooseTrigger, type TriggerChoice } from './choose-trigger.ts';
import { CommandError } from './exit-codes.ts';

const trigger = (workflow: string, id: string, preset?: string): Trigger =>
  ({ workflow, id, ...(preset === undefined ? {} : { preset }) }) as Trigger;

const ALL = [
  trigger('ops/pushed', 'main', 'github'),
  trigger('ops/pushed', 'fork', 'github'),
  trigger('ops/pushed', 'open'),
  trigger('shop/paid', 'stripe', 'stripe'),
  trigger('shop/paid', 'fork', 'github'),
];

test.each<[TriggerChoice, string]>([
  [{ preset: 'stripe' }, 'shop/paid#stripe'],
  [{ preset: 'github', workflow: 'shop/paid' }, 'shop/paid#fork'],
  [{ preset: 'github', workflow: 'ops/pushed', trigger: 'fork' }, 'ops/pushed#fork'],
  [{ preset: 'github', trigger: 'main' }, 'ops/pushed#main'],
])('%j is %s', (choice, expected) => {
  const { workflow, id } = chooseTrigger(ALL, choice);
  expect(`${workflow}#${id}`).toBe(expected);
});

test.each<[TriggerChoice, string, string]>([
  [
    { preset: 'github', workflow: 'ops/pushed' },
    'several triggers of ops/pushed take it: ops/pushed#main, ops/pushed#fork',
    'choose one with --trigger, as in --trigger main',
  ],
  [
    { preset: 'github', trigger: 'fork' },
    'several triggers take it: ops/pushed#fork, shop/paid#fork',
    'name a workflow, choose one with --trigger, or use --to',
  ],
  [
    { preset: 'github', workflow: 'ops/pushed', trigger: 'mian' },
    'there is no trigger mian of ops/pushed',
    'did you mean main?',
  ],
  [
    { preset: 'github', workflow: 'ops/pushed', trigger: 'x9' },
    'there is no trigger x9 of ops/pushed',
    'those for github: main, fork',
  ],
  [{ preset: 'github', trigger: 'stripe' }, 'shop/paid#stripe takes what stripe sends, not what github sends', ''],
  [{ preset: 'github', trigger: 'open' }, 'ops/pushed#open takes unsigned requests, not what github sends', ''],
  [{ preset: 'slack' }, 'no trigger takes what slack sends', 'preset: slack'],
])('%j is refused: %s', (choice, message, hint) => {
  const refusal = (): unknown => {
    try {
      return chooseTrigger(ALL, choice);
    } catch (error) {
      return error;
    }
  };
  const error = refusal();
  expect(error).toBeInstanceOf(CommandError);
  expect(error).toMatchObject({ message, hints: hint === '' ? [] : [expect.stringContaining(hint)] });
});

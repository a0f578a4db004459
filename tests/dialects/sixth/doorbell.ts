/**
 * The dialect `doorbell`, which nobody speaks: `POST /ring/<house>/<button>` with lines `name: value`, and `GET /rung/<run id>`. It is
 * here to show that a dialect is one file: `one-file.test.ts` puts it beside the others.
 */
import { KEY_PLACEHOLDER } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { Type } from 'typebox';
import { textAnswer } from '../../../libs/dialects/src/answer.ts';
import {
  type Dialect,
  type DialectModule,
  type ReadRoute,
  type StartRoute,
} from '../../../libs/dialects/src/dialect.ts';
import { httpStatusOf } from '../../../libs/dialects/src/errors/http-status.ts';

const NAME = 'doorbell';

const notFound = (): AppError => new AppError('not_found', 'trigger.not_found', 'there is no such button');

/** `visitor: Ada` → `{ visitor: 'Ada' }`. */
const readLines = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const [name = '', ...rest] = line.split(':');
        if (rest.length === 0) throw new AppError('invalid', 'body.invalid', `a line without a colon: ${name}`);
        return [name.trim(), rest.join(':').trim()];
      }),
  );

const startRoute = (word: string): StartRoute => ({
  does: 'start',
  methods: ['POST'],
  url: '/ring/:house/:button',
  operationId: 'ringDoorbell',
  summary: 'Ring at a house',
  hidesAddresses: false,
  credentials: (request) => ({
    tokens: [],
    keys: [request.header('x-doorbell-key')].filter((key) => key !== undefined),
  }),
  resolve: ({ params }, directory) => directory.at(NAME, `${params['house'] ?? ''}/${params['button'] ?? ''}`),
  notFound,
  mapInput: (request) => ({ input: readLines(request.text()) }),
  respond: (outcome) =>
    outcome.kind === 'filtered' ? textAnswer(200, 'NOBODY IS IN\n') : textAnswer(200, `${word} ${outcome.run.runId}\n`),
});

const read: ReadRoute = {
  does: 'read',
  methods: ['GET'],
  url: '/rung/:id',
  operationId: 'readDoorbell',
  summary: 'What became of it',
  runId: ({ params }) => params['id'] ?? '',
  render: ({ state, output }) => textAnswer(200, `${state} ${JSON.stringify(output ?? null)}\n`),
};

const makeDoorbell = (word: string): Dialect => ({
  name: NAME,
  summary: 'POST /ring/<house>/<button>, lines of text',
  routes: [startRoute(word), read],
  declares: {
    address: Type.Object({ house: Type.String({ minLength: 1 }), button: Type.String({ minLength: 1 }) }),
    defaults: { auth: 'workflow_key', methods: ['POST'], mode: 'async' },
    placeOf: ({ house, button }) => `${String(house)}/${String(button)}`,
  },
  renderError: (error) => textAnswer(httpStatusOf(error), `NO ${error.code}\n`),
  examples: (_workflow, triggers) =>
    triggers
      .filter(({ dialect: name }) => name === NAME)
      .map((trigger) => ({
        trigger: trigger.id,
        title: 'ring',
        method: 'POST',
        path: `/ring/${String(trigger.address['house'])}/${String(trigger.address['button'])}`,
        headers: trigger.auth === 'workflow_key' ? { 'x-doorbell-key': KEY_PLACEHOLDER } : {},
        body: 'visitor: curl',
      })),
});

export const dialect: DialectModule = {
  name: NAME,
  settings: Type.Object(
    { word: Type.String({ default: 'RANG', description: 'What an answer begins with.' }) },
    { additionalProperties: false },
  ),
  make: ({ word }) => makeDoorbell(String(word)),
};

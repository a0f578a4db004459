import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { type Experiment, experimentFile, fileOf, type Observations, type Observer } from '../checker/observations.ts';

/** Writes down what is seen, as it is seen: what a test forgets, or what it dies of, changes nothing of it. */
export interface Recorder {
  readonly folder: string;
  readonly saw: <Kind extends Observer>(observer: Kind, what: Observations[Kind][number]) => void;
}

export const makeRecorder = (folder: string, experiment: Experiment): Recorder => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(experimentFile(folder), JSON.stringify(experiment));
  return {
    folder,
    saw: (observer, what) => appendFileSync(fileOf(folder, observer), `${JSON.stringify(what)}\n`),
  };
};

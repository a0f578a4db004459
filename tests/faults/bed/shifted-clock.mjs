// Loaded with `node --import` into a service: the wall clock is off by what the file in MILLRACE_CLOCK_FILE says, in milliseconds.
// `performance.now()` and timers go on as they are: a clock that is set changes nothing about them.
import { readFileSync } from 'node:fs';

const LOOK_MS = 50;
const RealDate = Date;
const file = process.env.MILLRACE_CLOCK_FILE;
let shift = 0;
let lookedAt = -Infinity;

const shiftNow = () => {
  const now = performance.now();
  if (now - lookedAt > LOOK_MS) {
    lookedAt = now;
    try {
      shift = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      shift = 0;
    }
  }
  return shift;
};

globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + shiftNow());
    else super(...args);
  }
  static now() {
    return RealDate.now() + shiftNow();
  }
};

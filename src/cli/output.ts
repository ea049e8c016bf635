// What a command prints: text for people, or with --json one JSON document and nothing else on standard output.
import { documentText } from "../gateway/document-text.ts";

export interface Output {
  readonly json: boolean;
  /** The command's result: `render` draws it for people. */
  result(value: unknown, render: () => string): void;
  /** On the way there: progress, advice. Never part of the result. */
  note(text: string): void;
}

export interface Streams {
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream;
}

export function openOutput({ stdout, stderr }: Streams, json: boolean): Output {
  return {
    json,
    result(value, render) {
      stdout.write(json ? `${documentText(value)}\n` : ended(render()));
    },
    note(text) {
      stderr.write(ended(text));
    },
  };
}

const ended = (text: string): string => (text.endsWith("\n") ? text : `${text}\n`);

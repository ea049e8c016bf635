// What systems said may hold anything: line breaks and control sequences must not reach a table or a terminal.
import { stripVTControlCharacters } from "node:util";

export const oneLine = (text: string): string => stripVTControlCharacters(text).replace(/\p{Cc}+/gu, " ");

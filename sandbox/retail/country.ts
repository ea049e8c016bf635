// The data's country names as ISO 3166-1 codes; undefined where the name is no country.
import { countryByName } from "../../src/core/country.ts";

/** ISO knows Jersey and Guernsey, not the Channel Islands: Jersey, the larger, stands for both. */
const CHANNEL_ISLANDS = "Channel Islands";

/** `Unspecified` and `European Community` are no countries and give none; EIRE is Ireland. */
export function retailCountry(name: string): string | undefined {
  return name === CHANNEL_ISLANDS ? "JE" : countryByName(name);
}

export { IntensitySource, type IntensitySourceParts } from './intensity-source.ts';

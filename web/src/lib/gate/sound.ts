/** What a guard hears: up is in, down is out. A browser makes no sound before the page was touched. */
import type { Verdict } from './door';

/** Hertz and seconds. */
const TUNES: Record<Verdict['kind'], [number, number][]> = {
  in: [
    [660, 0.09],
    [990, 0.16],
  ],
  later: [
    [660, 0.09],
    [660, 0.16],
  ],
  out: [
    [220, 0.18],
    [150, 0.34],
  ],
};
const SHAKES: Record<Verdict['kind'], number[]> = { in: [60], later: [60, 60, 60], out: [280, 90, 280] };

let audio: AudioContext | undefined;

/** Call it when the page is touched. */
export function wake(): void {
  audio ??= new AudioContext();
  void audio.resume();
}

export function play(kind: Verdict['kind']): void {
  // Some devices refuse before they were touched; some cannot.
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(SHAKES[kind]);
  if (!audio || audio.state !== 'running') return;
  let at = audio.currentTime;
  for (const [pitch, seconds] of TUNES[kind]) {
    const [tone, volume] = [audio.createOscillator(), audio.createGain()];
    tone.type = kind === 'out' ? 'sawtooth' : 'sine';
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.25, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + seconds);
    at += seconds;
  }
}

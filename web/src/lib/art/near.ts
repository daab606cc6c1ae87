/** How far outside the window something is that is as good as in it. */
const MARGIN = '400px';

const waiting = new WeakMap<Element, () => void>();
let watch: IntersectionObserver | undefined;

/** Calls `then` once, when `element` is in sight or nearly. */
export function near(element: Element, then: () => void) {
  watch ??= new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        watch?.unobserve(target);
        waiting.get(target)?.();
      }
    },
    { rootMargin: MARGIN },
  );
  waiting.set(element, then);
  watch.observe(element);
  return { destroy: () => watch?.unobserve(element) };
}

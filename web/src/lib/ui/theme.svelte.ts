/** Light, dark, or as the device is. `app.html` applies what was chosen before the first paint. */
export type Theme = 'system' | 'light' | 'dark';

const KEPT = 'marquee.theme';

class Look {
  theme = $state<Theme>((document.documentElement.dataset['theme'] as Theme | undefined) ?? 'system');

  choose(theme: Theme): void {
    this.theme = theme;
    if (theme === 'system') {
      delete document.documentElement.dataset['theme'];
      localStorage.removeItem(KEPT);
    } else {
      document.documentElement.dataset['theme'] = theme;
      localStorage.setItem(KEPT, theme);
    }
  }
}

export const look = new Look();

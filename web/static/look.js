// Before the first paint: the theme and the language that were chosen here before.
(function () {
  try {
    var theme = localStorage.getItem('marquee.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
    var language = localStorage.getItem('marquee.language') || navigator.language.slice(0, 2);
    if (language === 'hi') document.documentElement.lang = 'hi';
  } catch (e) {
    // A browser that keeps nothing gets the defaults.
  }
})();

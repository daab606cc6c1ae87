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

// What these pages ask for first can be on its way while their scripts are.
if (location.pathname === '/' || location.pathname.indexOf('/films/') === 0) {
  var early = document.createElement('link');
  early.rel = 'preload';
  early.as = 'fetch';
  early.crossOrigin = 'anonymous';
  early.href = '/api/v1/cinemas?limit=100';
  document.head.appendChild(early);
}

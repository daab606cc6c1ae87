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

// The first date and the first number that a browser writes take long, since it reads its tables then. Here that passes while the
// app is on its way.
new Intl.DateTimeFormat('en', { timeZone: 'Asia/Kolkata' }).format(0);
new Intl.NumberFormat('en').format(0);

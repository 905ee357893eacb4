// Before the first paint: which language, light or dark. A classic script, so that nothing is seen in the wrong one.
{
  const stored = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null; // storage is blocked
    }
  };
  const root = document.documentElement;
  const asked = new URLSearchParams(location.search);
  const languages = [asked.get("lang"), stored("language"), ...navigator.languages];
  const known = languages.find((language) => /^(en|zh)\b/i.test(language)) ?? "en";
  root.lang = /^zh/i.test(known) ? "zh-CN" : "en";

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const applyTheme = () => {
    root.dataset.theme = stored("theme") ?? (dark.matches ? "dark" : "light");
  };
  dark.addEventListener("change", applyTheme);
  applyTheme();
  if (asked.has("embed")) root.dataset.embedded = "";
}

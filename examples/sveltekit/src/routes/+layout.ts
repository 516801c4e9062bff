// The page is rendered once, when the site is built: the element then connects in the browser.
export const prerender = true;

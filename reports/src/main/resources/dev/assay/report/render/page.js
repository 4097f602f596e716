'use strict';
// The page is complete without this: it copies commands, filters the checks, and opens what a link or the printer needs.
for (const button of document.querySelectorAll('.copy')) {
  button.hidden = false;
  button.addEventListener('click', () => {
    const code = button.previousElementSibling;
    const told = text => {
      button.textContent = text;
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    };
    // Where a browser refuses its clipboard to files, the text is selected for the reader to copy.
    const select = () => {
      getSelection().selectAllChildren(code);
      told('Selected');
    };
    if (navigator.clipboard) {
      navigator.clipboard.writeText(code.textContent).then(() => told('Copied'), select);
    } else {
      select();
    }
  });
}

const form = document.querySelector('.filter');
if (form) {
  const text = document.getElementById('filter-text');
  const outcome = document.getElementById('filter-outcome');
  const shown = document.getElementById('filter-shown');
  const groups = [...document.querySelectorAll('#checks details')].map(group => ({
    group,
    rows: [...group.querySelectorAll('tbody tr')].map(row => ({
      row,
      outcome: row.dataset.outcome,
      text: (group.querySelector('summary').firstChild.textContent + ' ' + row.textContent).toLowerCase(),
    })),
  }));
  form.hidden = false;
  form.addEventListener('submit', event => event.preventDefault());
  form.addEventListener('input', () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(word => word);
    const all = words.length === 0 && outcome.value === '';
    let total = 0;
    for (const { group, rows } of groups) {
      let matches = 0;
      for (const entry of rows) {
        const match = (outcome.value === '' || entry.outcome === outcome.value)
          && words.every(word => entry.text.includes(word));
        entry.row.hidden = !match;
        matches += match ? 1 : 0;
      }
      group.hidden = matches === 0;
      group.open = !all && matches > 0;
      total += matches;
    }
    shown.textContent = all ? '' : total === 1 ? '1 check' : total + ' checks';
  });
}

const openTarget = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target && target.matches('details')) {
    target.open = true;
    target.scrollIntoView();
  }
};
addEventListener('hashchange', openTarget);
openTarget();

let closed = [];
addEventListener('beforeprint', () => {
  closed = [...document.querySelectorAll('details:not([open])')].filter(details => !details.closest('#checks'));
  closed.forEach(details => { details.open = true; });
});
addEventListener('afterprint', () => closed.forEach(details => { details.open = false; }));

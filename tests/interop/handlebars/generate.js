// Writes tests/data/handlebars/blocks.json: what Handlebars itself gives for each template and data below.
//   npm install --no-save handlebars@4.7.10 && node tests/interop/handlebars/generate.js
'use strict';
const fs = require('fs');
const path = require('path');
const Handlebars = require('handlebars');

const shop = {
  first_name: 'Ann', empty: '', nothing: null, yes: true, no: false, zero: 0, one: 1, zero_text: '0',
  none: [], tags: ['new', 'sale', '<b>'], numbers: [3, 0, 5],
  order: {total: '12.50', items: [{title: 'Cup', count: 2, gift: true}, {title: 'Pen & Co', count: 0, gift: false}]},
  grid: [[1, 2], [3]],
  people: {ann: {age: 31}, bob: {age: 4}},
  blank: {},
};

const templates = [];
const add = (...all) => templates.push(...all);
for (const value of ['first_name', 'empty', 'nothing', 'yes', 'no', 'zero', 'one', 'zero_text', 'none', 'tags',
  'order', 'blank', 'absent', 'order.total', 'order.absent', 'absent.absent']) {
  add(`{{#if ${value}}}A{{else}}B{{/if}}`, `{{#unless ${value}}}A{{else}}B{{/unless}}`, `[{{#if ${value}}}A{{/if}}]`);
  add(`{{#each ${value}}}({{@index}}{{@first}}{{@last}}){{else}}none{{/each}}`);
}
add(
  '{{#if no}}a{{else if one}}b{{else}}c{{/if}}', '{{#if no}}a{{else if zero}}b{{else}}c{{/if}}',
  '{{#if yes}}a{{else if one}}b{{else}}c{{/if}}', '{{#if no}}a{{else if zero}}b{{else if tags}}c{{/if}}',
  '{{#if no}}a{{else unless zero}}b{{else}}c{{/if}}', '{{#if no}}a{{else each tags}}[{{this}}]{{else}}c{{/if}}',
  '{{#each none}}a{{else if yes}}b{{/each}}', '{{#if no}}a{{^}}b{{/if}}', '{{#unless no}}a{{^}}b{{/unless}}',
  '{{#each tags}}{{this}},{{/each}}', '{{#each tags}}{{.}},{{/each}}', '{{#each tags}}{{{this}}},{{/each}}',
  '{{#each tags}}{{@index}}:{{@key}}:{{this}}{{#unless @last}}, {{/unless}}{{/each}}',
  '{{#each tags}}{{#if @first}}first {{/if}}{{this}} {{/each}}',
  '{{#each numbers}}{{this}}{{#if this}}+{{else}}-{{/if}}{{/each}}',
  '{{#each order.items}}{{title}} x{{count}}{{#if gift}} (gift){{/if}}; {{/each}}',
  '{{#each order.items}}{{this.title}}{{#if this.gift}}!{{/if}} {{/each}}',
  '{{#each order.items}}{{../first_name}}:{{title}} {{/each}}',
  '{{#each order.items}}{{#if gift}}{{../first_name}}{{/if}}{{/each}}',
  '{{#each order.items}}{{../order.total}}|{{/each}}',
  '{{#each order.items}}{{#each ../tags}}{{../title}}-{{this}} {{/each}}{{/each}}',
  '{{#each order.items}}{{#each ../tags}}{{../../first_name}}{{@index}} {{/each}}{{/each}}',
  '{{#each order.items}}{{#gift}}{{../first_name}} {{/gift}}{{/each}}',
  '{{#each grid}}{{#each this}}{{this}}.{{/each}};{{/each}}', '{{#each grid}}{{#each .}}{{@index}}{{/each}}/{{@index}} {{/each}}',
  '{{#each grid}}[{{this}}]{{/each}}', '{{#each people}}{{@key}}={{age}}{{#unless @last}},{{/unless}}{{/each}}',
  '{{#each people}}{{@index}}{{@first}}{{@last}} {{/each}}', '{{#each order}}{{@key}} {{/each}}',
  '{{#each tags}}{{@root.first_name}} {{/each}}', '{{#each order.items}}{{@root.order.total}} {{/each}}',
  '{{#order}}{{total}}{{#items}}{{title}}{{/items}}{{/order}}', '{{#tags}}{{@index}}{{.}}{{else}}none{{/tags}}',
  '{{#none}}a{{else}}b{{/none}}', '{{^none}}a{{else}}b{{/none}}', '{{#yes}}{{first_name}}{{/yes}}',
  '{{#order}}{{../first_name}} {{total}}{{/order}}', '{{#order}}{{#if items}}{{../first_name}}{{/if}}{{/order}}',
  '{{!-- a }} b --}}x', '{{!-- a --}}{{! b }}y', 'a{{!-- one --}}b{{!-- two --}}c',
  'x\n{{#if yes}}\n  in\n{{else}}\n  out\n{{/if}}\ny\n', 'x\n  {{#each tags}}\n- {{this}}\n  {{/each}}\ny\n',
  'x\n{{#if no}}\na\n{{else if yes}}\nb\n{{/if}}\ny', 'x {{#if yes}}\n in {{/if}}\ny', 'a\n{{!-- c --}}\nb\n',
  '{{#if yes}}\r\nin\r\n{{/if}}\r\nend', '{{order.items.0.title}}', '{{tags}}', '{{[first_name]}} {{order.[total]}}',
);

const tests = [];
for (const template of templates) {
  const known = Handlebars.compile(template);
  tests.push({name: template, template, expected: known(shop)});
}
const out = {made_by: `handlebars ${Handlebars.VERSION}, tests/interop/handlebars/generate.js`, data: shop, tests};
fs.writeFileSync(path.join(__dirname, '../../data/handlebars/blocks.json'), JSON.stringify(out, null, 1) + '\n');

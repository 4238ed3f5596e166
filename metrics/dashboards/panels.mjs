// What the dashboards are made of: panels, rows and variables with the same look everywhere.
//
// A panel says what it shows (`about`, required: it is what somebody paged at night reads) and in which unit.
// Expressions use the filters of `at()`, so that no panel forgets a variable.
import { StackingConfigBuilder, StackingMode, VizLegendOptionsBuilder, LegendDisplayMode, LegendPlacement,
  VizTooltipOptionsBuilder, TooltipDisplayMode, SortOrder } from '@grafana/grafana-foundation-sdk/common';
import { DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType,
  DatasourceVariableBuilder, QueryVariableBuilder, RowBuilder, ThresholdsConfigBuilder, ThresholdsMode,
  VariableRefresh, VariableSort } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';

const source = { type: 'prometheus', uid: '${datasource}' };

/** `{instance=~"$instance", …}` with a filter for each variable named, and further matchers as they are. */
export function at(variables = [], matchers = '') {
  const filters = ['instance', ...variables].map((name) => `${name}=~"$${name}"`);
  return `{${[...filters, matchers].filter(Boolean).join(', ')}}`;
}

/** Per second, over a window that fits the zoom. */
export const rate = (name, selector) => `rate(${name}${selector}[$__rate_interval])`;

/** A quantile of a histogram, by further labels. */
export function quantile(q, name, selector, by = []) {
  const labels = ['le', ...by].join(', ');
  return `histogram_quantile(${q}, sum by (${labels}) (${rate(`${name}_bucket`, selector)}))`;
}

/** part / whole, and nothing (not infinity) where there was no whole. */
export const share = (part, whole) => `${part} / (${whole} > 0)`;

function common(builder, { title, about, unit, width, height, queries, none }) {
  if (!about || !unit) throw new Error(`panel "${title}" lacks a description or a unit`);
  builder.title(title).description(about).unit(unit).span(width).height(height).datasource(source);
  queries.forEach(([expression, legend], index) => {
    builder.withTarget(new DataqueryBuilder().datasource(source).expr(expression).legendFormat(legend)
      .range().refId(String.fromCharCode(65 + index)));
  });
  if (none) builder.noValue(none);
  return builder;
}

function levels(steps) {
  const colours = ['green', 'orange', 'red'];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(
    [null, ...steps].map((value, index) => ({ value, color: colours[index] })));
}

/** One number. `steps`: from there on orange, from there on red. */
export function stat(settings) {
  const made = common(new Stat(), { width: 4, height: 4, ...settings });
  return made.thresholds(levels(settings.steps ?? []));
}

/** Lines over time. `stacked`: the parts of a whole. */
export function graph(settings) {
  const made = common(new TimeSeries(), { width: 12, height: 8, ...settings })
    .fillOpacity(settings.stacked ? 30 : 8).lineWidth(1).min(0)
    .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List)
      .placement(LegendPlacement.Bottom).showLegend(true))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (settings.stacked) made.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  return made;
}

function variable([name, query, label]) {
  return new QueryVariableBuilder(name).label(label).datasource(source).query({ query, refId: name })
    .refresh(VariableRefresh.OnTimeRangeChanged).sort(VariableSort.AlphabeticalAsc)
    .multi(true).includeAll(true).allValue('.*')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

/** `rows`: [title, panels]. `variables`: [name, query, label] beside datasource and instance. */
export function dashboard({ uid, title, about, variables = [], rows }) {
  const made = new DashboardBuilder(title).uid(uid).description(about).tags(['sluice']).editable()
    .tooltip(DashboardCursorSync.Crosshair).refresh('30s').time({ from: 'now-6h', to: 'now' })
    .timezone('browser')
    .link(new DashboardLinkBuilder('sluice').type(DashboardLinkType.Dashboards).tags(['sluice'])
      .asDropdown(true).includeVars(true).keepTime(true))
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(variable(['instance', 'label_values(sluice_ready, instance)', 'Instance']));
  for (const one of variables) made.withVariable(variable(one));
  for (const [name, panels] of rows) {
    made.withRow(new RowBuilder(name));
    for (const panel of panels) made.withPanel(panel);
  }
  return made.build();
}

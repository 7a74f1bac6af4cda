// Rows that begin with a revision.
// Parameters: one list a column; $revision. Returns: nothing.
UNWIND range(0, size($ci_id) - 1) AS i
CREATE (:Exposure {
  ci_id: $ci_id[i],
  source_id: $source_id[i],
  customers: $customers[i],
  customer_population: $customer_population[i],
  money_per_hour: $money_per_hour[i],
  currency: $currency[i],
  impact: $impact[i],
  mtpd_hours: $mtpd_hours[i],
  rto_hours: $rto_hours[i],
  rpo_hours: $rpo_hours[i],
  mbco_share: $mbco_share[i],
  availability_target: $availability_target[i],
  since: $revision
})

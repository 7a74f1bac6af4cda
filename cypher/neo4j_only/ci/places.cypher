// The teams, sites and suppliers that the CIs of one statement name, made where they are new.
// Parameters: $teams; $sites; $suppliers names. Returns: teams, sites, suppliers as lists of nodes in that order.
CALL () {
  UNWIND $teams AS name
  MERGE (t:Team {name: name})
  RETURN collect(t) AS teams
}
CALL () {
  UNWIND $sites AS name
  MERGE (s:Site {name: name})
  RETURN collect(s) AS sites
}
CALL () {
  UNWIND $suppliers AS name
  MERGE (s:Supplier {name: name})
  RETURN collect(s) AS suppliers
}

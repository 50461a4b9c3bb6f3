package intercomapi

import "net/http"

func (s *Server) getMe(*http.Request) (any, error) {
	me, ok := s.admins.get(s.Settings.Me)
	if !ok && len(s.admins.order) > 0 {
		me, ok = s.admins.order[0], true
	}
	if !ok {
		return nil, unauthorized()
	}
	answer := s.adminView(me)
	answer["email_verified"] = true
	answer["app"] = object{
		"type": "app", "id_code": s.Settings.AppID, "name": "Sandbox", "created_at": int64(0), "secure": false,
		"identity_verification": s.Settings.IdentityVerification,
		"timezone":              s.Settings.Timezone.String(), "region": s.Settings.Region,
	}
	return answer, nil
}

func (s *Server) listAdmins(*http.Request) (any, error) {
	all := []object{}
	for _, a := range s.admins.order {
		all = append(all, s.adminView(a))
	}
	return object{"type": "admin.list", "admins": all}, nil
}

func (s *Server) getAdmin(r *http.Request) (any, error) {
	a, ok := s.admins.get(r.PathValue("id"))
	if !ok {
		return nil, noAdmin()
	}
	return s.adminView(a), nil
}

func (s *Server) adminView(a *Admin) object {
	teams := []any{}
	for _, t := range s.teams.order {
		for _, id := range t.Admins {
			if id == a.ID {
				teams = append(teams, numberOrNull(t.ID))
			}
		}
	}
	return object{
		"type": isAdmin, "id": a.ID, "name": a.Name, "email": a.Email, "has_inbox_seat": a.HasInboxSeat,
		"away_mode_enabled": false, "away_mode_reassign": false, "job_title": nil, "avatar": nil, "team_ids": teams,
	}
}

func (s *Server) listTeams(*http.Request) (any, error) {
	all := []object{}
	for _, t := range s.teams.order {
		members := []any{}
		for _, id := range t.Admins {
			members = append(members, numberOrNull(id))
		}
		all = append(all, object{"type": isTeam, "id": t.ID, "name": t.Name, "admin_ids": members})
	}
	return object{"type": "team.list", "teams": all}, nil
}

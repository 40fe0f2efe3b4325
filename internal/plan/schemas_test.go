package plan

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// An edit is an ordinary edit of a schema file. codes are those of what lint finds in its files, in their order.
type edit struct {
	do    func(hcl string) string
	codes string
}

// wholeEdits are the edits of the schemas in schemas_test.txtar. Each is made after the others.
var wholeEdits = map[string][]edit{
	"shop.sql": {
		{addPart(`"customers"`, column("phone", "varchar(30)", "null = true")), ""},
		{addPart(`"orders"`, column("gift", "boolean", "default = false")), ""},
		{addPart(`"orders"`, index("orders_placed", "placed_at")), ""},
		{addPart(`"products"`, "  check \"products_weight\" {\n    expr = \"weight > 0\"\n  }\n"), ""},
		{addPart(`"payments"`, column("refund_of", "bigint", "null = true")+foreignKey("payments_refund", "refund_of", "table.payments.column.id")+index("payments_refund_of", "refund_of")), ""},
		{inColumn(`"addresses"`, "zip", `character_varying(12)`, `varchar(20)`), ""},
		{inColumn(`"customers"`, "born", `null = true`, `null = false`), ""},
		{replace(`"returned"]`, `"returned", "lost"]`), ""},
		{func(hcl string) string {
			return hcl + "table \"reviews\" {\n  schema = schema.public\n" + column("id", "bigserial", "") + column("product_id", "bigint", "") + column("stars", "smallint", "default = 3") +
				"  primary_key {\n    columns = [column.id]\n  }\n" + foreignKey("reviews_product", "product_id", "table.products.column.id") + "}\n"
		}, ""},
		{dropColumn(`"orders"`, "note"), "DS103"},
	},
	"forum.sql": {
		{addPart(`"users"`, column("time_zone", "varchar", "null = true")), ""},
		{addPart(`"topics"`, column("locked", "boolean", "default = false")+index("index_topics_on_locked", "locked")), ""},
		{inColumn(`"posts"`, "likes", `null    = true`, `null    = false`), ""},
		{inColumn(`"users"`, "sign_in_count", `type    = integer`, `type    = bigint`), "PG308 DS103"},
		{inColumn(`"sessions"`, "session_id", `character_varying(255)`, `text`), ""},
		{addPart(`"taggings"`, column("user_id", "bigint", "null = true")+foreignKey("fk_rails_taggings_user", "user_id", "table.users.column.id")), ""},
		{addPart(`"active_storage_blobs"`, column("service", "varchar", "default = \"local\"")), ""},
		{addPart(`"boards"`, "  unique \"boards_title\" {\n    columns = [column.title]\n  }\n"), "MF101"},
		{inColumn(`"posts"`, "body_html", `it's empty`, `it's \"empty\"`), ""},
		{func(hcl string) string {
			return hcl + "table \"likes\" {\n  schema = schema.public\n" + column("id", "bigserial", "") + column("post_id", "bigint", "") + column("created_at", "timestamp(6)", "") +
				"  primary_key {\n    columns = [column.id]\n  }\n" + foreignKey("fk_rails_likes_post", "post_id", "table.posts.column.id") + index("index_likes_on_post_id", "post_id") + "}\n"
		}, ""},
	},
	"tenants.sql": {
		{addPart(`"auth" "users"`, column("locked_at", "timestamptz", "null = true")), ""},
		{addPart(`"billing" "users"`, column("country", "char(2)", "default = \"DE\"")), ""},
		{addPart(`"accounts"`, index("accounts_plan", "plan")), ""},
		{addPart(`"events"`, column("source", "text", "null = true")), ""},
		{addPart(`"events"`, index("events_what", "what")), ""},
		{inColumn(`"accounts"`, "seats", `default = 5`, `default = 3`), ""},
		{replace(`"member"]`, `"member", "guest"]`), ""},
		{addPart(`"items"`, "  check \"items_quantity\" {\n    expr = \"quantity <> 0\"\n  }\n"), ""},
		{addPart(`"settings"`, column("changed_by", "uuid", "null = true")+foreignKey("settings_changed_by", "changed_by", "table.auth.users.column.id")), ""},
		{inColumn(`"auth" "users"`, "note", `character_varying(50)`, `varchar(20)`), "PG308 DS103"},
	},
	"measurements.sql": {
		{addPart(`"readings"`, column("source", "text", "null = true")), ""},
		{addPart(`"readings"`, index("readings_note", "note")), ""},
		{addPart(`"hourly"`, column("mean", "real", "null = true")), ""},
		{addPart(`"stations"`, column("closed", "date", "null = true")), ""},
		{addPart(`"stations"`, "  check \"stations_height\" {\n    expr = \"height > -500\"\n  }\n"), ""},
		{inColumn(`"sensors"`, "unit", `character_varying(10)`, `varchar(20)`), ""},
		{addPart(`"alarms"`, index("alarms_at", "at")), ""},
		{replace(`"rejected"]`, `"rejected", "estimated"]`), ""},
		{addPart(`"logs"`, column("source", "text", "null = true")), ""},
		{dropColumn(`"alarms"`, "text"), "DS103"},
	},
	"bookings.sql": {
		{addPart(`"guests"`, column("phone", "text", "null = true")), ""},
		{addPart(`"bookings"`, column("breakfast", "boolean", "default = true")), ""},
		{addPart(`"bookings"`, index("bookings_guest", "guest_id")), ""},
		{addPart(`"rooms"`, "  check \"rooms_beds\" {\n    expr = \"beds > 0\"\n  }\n"), ""},
		{inColumn(`"guests"`, "mail", `null = true`, `null = false`), ""},
		{inColumn(`"guests"`, "points", `type    = integer`, `type    = bigint`), "PG308 DS103"},
		{replace(`"cancelled"]`, `"cancelled", "gone"]`), ""},
		{addPart(`"hotels"`, "  unique \"hotels_name\" {\n    columns = [column.name]\n  }\n"), "MF101"},
		{addPart(`"closures"`, column("by", "integer", "null = true")+foreignKey("closures_by", "by", "table.staff.column.id")), ""},
		{inColumn(`"bookings"`, "remark", `null = true`, "null = true\n    comment = \"from the guest\""), ""},
	},
	"odd_names.sql": {
		{addPart(`"public" "User"`, column("New \\\"one\\\"", "text", "null = true")), ""},
		{addPart(`"Odd Schema" "User"`, column("a b", "int", "default = 5")), ""},
		{addPart(`"group"`, index("the group's \\\"index\\\"", "when")), ""},
		{addPart(`"from"`, "  check \"check\" {\n    expr = \"\\\"limit\\\" > 0\"\n  }\n"), ""},
		{inColumn(`"public" "User"`, "größe", `null = true`, `null = false`), ""},
		{inColumn(`"public" "User"`, "e-mail", `character_varying(100)`, `varchar(200)`), "PG308 MF101 DS103"},
		{addPart(`"Parts"`, column("N'", "int", "null = true")), ""},
		{addPart(`"ünïcödé"`, "  unique \"🙂\" {\n    columns = [column[\"emoji 🙂\"]]\n  }\n"), "MF101"},
		{addPart(`"table"`, column("user", "bigint", "null = true")+foreignKey("to user", "user", `table["public"].User.column.ID`)), ""},
		{dropColumn(`"from"`, "default"), "DS103"},
	},
}

// TestSchemas creates each schema in schemas_test.txtar by SQL, and inspects it. Nothing is planned then. The edits
// are planned, which proves that the files and their down files run. lint finds in them what the edits are about. Full
// tests plan each edit alone.
func TestSchemas(t *testing.T) {
	from(t, 13) // gen_random_uuid, trusted extensions
	archive, err := txtar.ParseFile("schemas_test.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.Files) != len(wholeEdits) {
		t.Errorf("%d schemas, edits of %d", len(archive.Files), len(wholeEdits))
	}
	t.Attr("schemas", fmt.Sprint(len(archive.Files)))
	for _, file := range archive.Files {
		t.Run(file.Name, func(t *testing.T) {
			t.Parallel()
			sql := string(file.Data)
			db := pgtest.New(t)
			db.Exec(sql)
			p := newProject(t)
			p.HCL = inspected(t, db.Conn().Config(), p.config().Options)
			p.Write(map[string]string{"20250101000000_base.sql": sql})
			for _, f := range p.plan().Files {
				t.Errorf("planned for the untouched database: %s\n%s", f.Name, f.SQL)
			}
			edits := wholeEdits[file.Name]
			if len(edits) != 10 {
				t.Errorf("%d edits", len(edits))
			}
			together := 5
			if os.Getenv("SCHEMA_TEST_FULL") != "" {
				together = 1
			}
			all := &Plan{}
			of, want, got := map[string]int{}, make([][]string, len(edits)), make([][]string, len(edits))
			for i := 0; i < len(edits); i += together {
				for _, e := range edits[i : i+together] {
					was := string(p.HCL)
					if p.HCL = []byte(e.do(was)); string(p.HCL) == was {
						t.Fatalf("one of the edits from %d changes nothing", i)
					}
					want[i] = append(want[i], strings.Fields(e.codes)...)
				}
				p.Now = p.Now.Add(time.Hour)
				pl := p.plan()
				if len(pl.Files) == 0 {
					t.Errorf("nothing is planned for the edits from %d", i)
				}
				for _, f := range pl.Files {
					of[f.Name] = i
				}
				all.Files = append(all.Files, pl.Files...)
			}
			found := linted(t, p, all)
			for line := range strings.Lines(found) {
				name, _, _ := strings.Cut(line, ":")
				got[of[name]] = append(got[of[name]], strings.Fields(line)[2])
			}
			for i := range edits {
				slices.Sort(want[i])
				slices.Sort(got[i])
				if !slices.Equal(want[i], got[i]) {
					t.Errorf("lint finds %v in the edits from %d, wanted %v\n%s", got[i], i, want[i], found)
				}
			}
		})
	}
}

func column(name, typ, more string) string {
	if more != "" {
		more = "    " + more + "\n"
	}
	return "  column \"" + name + "\" {\n    type = " + typ + "\n" + more + "  }\n"
}

func index(name, column string) string {
	return "  index \"" + name + "\" {\n    columns = [column." + column + "]\n  }\n"
}

func foreignKey(name, column, to string) string {
	return "  foreign_key \"" + name + "\" {\n    columns     = [column." + column + "]\n    ref_columns = [" + to + "]\n  }\n"
}

// inBlock returns an edit of the block that begins with a line. If there is no such block, it changes nothing.
func inBlock(head string, do func(block string) string) func(string) string {
	return func(hcl string) string {
		indent := head[:len(head)-len(strings.TrimLeft(head, " "))]
		begin := strings.Index("\n"+hcl, "\n"+head+" {\n")
		if begin < 0 {
			return hcl
		}
		end := begin + strings.Index(hcl[begin:], "\n"+indent+"}\n") + len("\n"+indent+"}\n")
		return hcl[:begin] + do(hcl[begin:end]) + hcl[end:]
	}
}

// addPart adds a part to a table, which is named as in its block.
func addPart(table, text string) func(string) string {
	return inBlock("table "+table, func(block string) string { return strings.TrimSuffix(block, "}\n") + text + "}\n" })
}

func inColumn(table, column, old, new string) func(string) string {
	return inBlock("table "+table, inBlock("  column \""+column+"\"", replace(old, new)))
}

func dropColumn(table, column string) func(string) string {
	return inBlock("table "+table, inBlock("  column \""+column+"\"", func(string) string { return "" }))
}

func replace(old, new string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, new, 1) }
}

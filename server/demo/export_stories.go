package demo

import (
	"fmt"
	"strings"
	"time"
)

// stories makes the tickets that ought to become cases, each in the way the hotline would show it.
func (e *export) stories() {
	e.dissatisfied()
	e.reassigned()
	e.unaccepted()
	e.bursts()
	e.hot()
	e.long()
	e.cross()
}

func (e *export) add(story string, r Row) { r.Story = story; e.rows = append(e.rows, r) }

// write is a ticket of a matter whose text the story gives.
func (e *export) write(title, where string, who person, daysAgo int, content string) (Row, matter) {
	return e.writeAt(title, where, who, e.instant(daysAgo), content)
}

func (e *export) writeAt(title, where string, who person, at time.Time, content string) (Row, matter) {
	m := about(title)
	r := e.ticket(m, place(where), who, at)
	r.Content = content
	return r, m
}

func (e *export) dissatisfied() {
	for _, s := range []struct {
		title, where string
		ago          int
		content      string
	}{
		{"房屋渗漏水", Hengzhi, 16, "市民来电反映：蘅芷新村23号楼屋面漏水，去年修过一次，今年雨季又漏，六楼卧室的墙皮一碰就掉。物业说保修期已过，要动用维修资金，业委会又没有换届，谁也不签字。"},
		{"餐饮油烟扰民", Yunwei, 12, "市民反映，云苇花园8号楼底商烧烤店油烟直排，检查那天店家关了门，检查人员一走又照样营业。家里老人有哮喘，夏天也不敢开窗。"},
		{"小区停车难", Lanwei, 9, "来电人表示，澜苇名庭的固定车位被物业重复出租，自己交了全年停车费却没有车位停。答复说已协调解决，实际车位上现在还停着别人的车。"},
		{"扶持补贴迟迟未兑现", Hengting, 14, "企业来电反映：技术改造项目去年底通过验收，补贴至今没有到账。问过三个部门，都说材料已经转出。本次答复只说正在研究，没有时间。"},
	} {
		who := e.person()
		if place(s.where).Park {
			who = e.enterprise()
		}
		r, m := e.write(s.title, s.where, who, s.ago, s.content)
		e.solve(&r, m)
		r.Outcome, r.Reply, r.Satisfaction = "解释说明", m.explained, "不满意"
		r.Returned, r.Reassigned = 0, 1
		e.add(StoryDissatisfied, r)
	}
}

func (e *export) reassigned() {
	r, _ := e.write("疑似违法搭建", Huaixu, e.person(), 15, "市民来电反映：槐序苑5号楼一楼住户占用公共绿地搭建阳光房，执法人员来过两次，贴了通知书，房子还是盖起来了。该住户说手续在补办。市民不认可，要求依法拆除。")
	r.Reassigned, r.Returned = 3, 0
	e.add(StoryReassigned, r)

	r, m := e.write("电梯频繁故障", Luyi, e.person(), 11, "来电人表示，芦衣公寓2号楼电梯前后报修七八次，每次修好没几天又停。楼里有两位坐轮椅的老人。维保单位说主机老化要更换，物业说维修资金账户余额不足。")
	e.solve(&r, m)
	r.Reassigned, r.Returned, r.Satisfaction = 4, 1, "一般"
	r.Flow = HousingOffice + "→" + MarketOffice
	e.add(StoryReassigned, r)

	// One matter, called in again and again: each ticket names only the one before.
	who := e.person()
	before := ""
	for i, ago := range []int{24, 18, 12, 5} {
		content := "市民来电反映：菱舟村东侧河道的排水口常年有黑水流出，天热时气味很重，河边的菜地也不敢浇水了。望相关部门查清来源。"
		if before != "" {
			content = fmt.Sprintf("【重新交办，关联工单%s】市民再次来电反映，菱舟村东侧河道排水口仍有黑水流出，前次答复说已封堵，实际%s又开始流。要求查清到底是哪一家排的。",
				before, []string{"", "一个星期后", "下过一场雨后", "换了个口子"}[i])
		}
		r, m := e.write("河道水质发黑发臭", Lingzhou, who, ago, content)
		if i < 3 {
			e.solve(&r, m)
			r.Satisfaction = "一般"
		}
		r.Reassigned, r.Returned = -1, -1 // this source leaves the columns blank
		e.add(StoryChain, r)
		before = r.OrderNo
	}

	orders := make([]string, 3)
	for i := range orders {
		orders[i] = e.instant(28 - 4*i).Format(orderLayout) // of tickets before the export's five weeks of this street
	}
	r, _ = e.write("物业服务与收费争议", Qingsui, e.person(), 7, fmt.Sprintf(
		"【重新交办，关联工单%s】【重新交办，关联工单%s】【重新交办，关联工单%s】【最近办结的工单编号：%s，工单内容：青穗雅庭公共收益不公示】市民重复来电，青穗雅庭物业的公共收益三年没有公示，答应的日期一拖再拖。这已是第四次反映。",
		orders[0], orders[1], orders[2], orders[2]))
	r.Reassigned, r.Returned = -1, -1
	e.add(StoryReassignedText, r)

	r, _ = e.write("业委会换届拖延", Tinghe, e.person(), 6, "市民来电反映：汀禾苑业委会到期一年没有换届，维修资金动不了，外墙渗水也修不成。该件已重新交办三次，承办单位每次都答复“正在推进”。")
	r.Reassigned, r.Returned, r.Related = -1, -1, orders[1]
	e.add(StoryReassignedText, r)
}

func (e *export) unaccepted() {
	three := func(a, b, c string) string { return a + "→" + b + "→" + c }
	r, _ := e.write("道路路面破损", Diting, e.person(), 5, "【退单："+PlanningOffice+"，原因：该道路未移交，非我部门养护范围】【退单："+GreeningOffice+"，原因：不属绿化市容职责】【退单："+WaterOffice+
		"，原因：非水务设施】市民来电反映：荻汀村村口机耕路被重车压坏，坑里常年积水，上个月有老人骑三轮车翻倒。道路一侧是水利沟，一侧是绿化带，谁来修说不清。")
	r.Department, r.Returned, r.Reassigned = OperationCentre, -1, 0
	e.add(StoryReturned, r)

	r, _ = e.write("树木遮挡采光", Yunwei, e.person(), 3, "【流转："+three(GreeningOffice, HousingOffice, PlanningOffice)+"，均未接单】市民反映，云苇花园围墙外三棵大树的根把小区地下管线顶破，树在市政绿带里，管线是小区的，挖开的路面是道路红线内。")
	r.Department, r.Returned, r.Reassigned = OperationCentre, -1, 0
	e.add(StoryReturned, r)

	for _, s := range []struct {
		title, where string
		ago          int
		flow         []string
		content      string
	}{
		{"建筑垃圾堆放", Qihe, 8, []string{GreeningOffice, EnforcementTeam, CommunityManagementOffice}, "市民来电反映：栖禾家园西侧三不管地块长期有人偷倒装修垃圾，地块权属不清，堆到一人多高，刮风时灰尘吹进小区。"},
		{"厂房消防审批受阻", Suigu, 10, []string{PlanningOffice, SafetyOffice, MarketOffice}, "企业来电反映：在穗谷科创园6幢的厂房改建后申报消防验收，因早年图纸缺失，规划、消防、产权三方各要各的材料，设备进场两个月开不了工，订单面临违约。"},
	} {
		who := e.person()
		if place(s.where).Park {
			who = e.enterprise()
		}
		r, _ := e.write(s.title, s.where, who, s.ago, s.content)
		r.Flow = strings.Join(append(s.flow, OperationCentre), "→")
		r.Department, r.Returned, r.Reassigned = OperationCentre, 3, 0
		e.add(StoryPassed, r)
	}
}

func (e *export) bursts() {
	at := e.instants(2, 5)
	for i, content := range []string{
		"市民来电反映：望舒里东侧工地昨夜打桩到凌晨一点，整幢楼都在震，孩子今天还要上学。",
		"来电人表示，望舒里12号楼被隔壁工地吵得一夜没睡，打110民警来了停一会儿，走了又继续。",
		"市民投诉：望舒里旁边的工地连续夜间施工，没有看到夜间施工许可公示，要求立即停工。",
		"诉求人来电反映，家住望舒里，工地半夜打桩的噪声太大，家里有刚出生的婴儿。",
		"市民反映，望舒里东面工地凌晨还在施工，窗户玻璃跟着震，老人血压都高了，请尽快制止。",
	} {
		r, _ := e.writeAt("夜间施工噪声扰民", Wangshu, e.person(), at[i], content)
		r.Returned, r.Reassigned, r.Contacted = 0, 0, ""
		e.add(StoryBurstFive, r)
	}
	at = e.instants(1, 6)
	people := []person{e.person(), e.person(), e.person(), e.person()}
	for i, content := range []string{
		"市民来电反映：沐晴佳苑今天早上自来水发黄，放了十几分钟还是黄的，不敢做饭。",
		"来电人表示，沐晴佳苑7号楼的水有铁锈味，物业说不清楚原因。",
		"市民反映，沐晴佳苑整个小区水都是黄的，热水器滤芯全黑了，是不是水箱没有清洗？",
		"市民来电求助，沐晴佳苑自来水发黄，家里有婴儿要冲奶粉，能不能先安排送水车。",
		"市民重复来电，沐晴佳苑的水到中午还是黄的，没有人给答复。",
		"来电人再次来电，沐晴佳苑7号楼的水仍然发黄，要求公布检测结果。",
	} {
		r, _ := e.writeAt("自来水水压不足", Muqing, people[[]int{0, 1, 2, 3, 0, 1}[i]], at[i], content)
		r.Title, r.Category[2] = Muqing+"自来水发黄", "水质问题"
		r.Returned, r.Reassigned, r.Contacted = 0, 0, ""
		e.add(StoryBurstSix, r)
	}
}

func (e *export) hot() {
	for i, content := range []string{
		"市民来电反映：栖禾家园新充电棚装好两个月不通电，楼下门厅堆满电动车，推车都推不过去。",
		"来电人表示，栖禾家园11号楼有人从四楼拉线充电，线就挂在晾衣架旁边，看着都怕。",
		"市民反映，栖禾家园充电棚一直没有通电，物业说等供电公司，供电公司说等物业交材料。",
		"市民投诉：栖禾家园楼道里停满电动自行车充电，前天夜里有一辆冒烟，幸亏发现得早。",
		"诉求人来电反映，栖禾家园原来的充电口坏了一半，晚上抢不到位置，只能飞线。",
		"市民来电反映，栖禾家园3号楼住户把电瓶拎上楼充电，电梯里没有装阻车系统。",
		"来电人表示，家住栖禾家园，充电棚什么时候能用，给个准信。",
		"市民反映，栖禾家园电动车充电的问题全小区都在反映，充电棚成了摆设，请街道协调供电、物业一起解决。",
		"市民来电投诉，栖禾家园18号楼底楼门厅夜里十几辆电动车同时充电，消防通道堵死了。",
		"市民反映，栖禾家园的充电棚顶上还漏雨，就算通了电也不敢用，要求一并整改。",
	} {
		r, _ := e.write("电动自行车充电难", Qihe, e.person(), []int{7, 6, 6, 5, 4, 4, 3, 2, 2, 1}[i], content)
		r.Returned, r.Reassigned, r.Contacted = 0, 0, ""
		e.add(StoryHot, r)
	}
}

func (e *export) long() {
	for _, s := range []struct {
		title, where string
		ago          int
		content      string
	}{
		{"加装电梯推进慢", Hengzhi, 34, "市民来电反映：蘅芷新村9号楼加装电梯签约率早已达标，地下燃气管要移位，燃气、电力、自来水三家的时间凑不到一起，施工单位进不了场，首付款交了快一年。"},
		{"房屋渗漏水", Tinghe, 33, "市民反映，汀禾苑外墙大面积空鼓开裂，去年台风天掉下来一块砸到了车。物业、开发商、施工单位都说不归自己修，鉴定报告出来三个月没有下文。"},
		{"物业服务与收费争议", Luyi, 32, "来电人表示，芦衣公寓物业公司撤场后账目没有移交，公共收益和押金下落不明，新物业不承认以前的停车月卡。"},
		{"疑似群租", Lanwei, 34, "市民来电反映：澜苇名庭16号楼整层被改成合租房，整治过一次又回潮，二房东换了公司名字继续出租。"},
		{"企业注册地址无法通过", Hengting, 33, "企业来电反映：租用蘅汀产业园3幢办公，该地址被早已搬走的企业占用登记，对方联系不上，新公司执照办不下来，合同签不了。"},
	} {
		who := e.person()
		if place(s.where).Park {
			who = e.enterprise()
		}
		r, _ := e.write(s.title, s.where, who, s.ago, s.content)
		r.Returned, r.Reassigned = 0, 1
		e.add(StoryLong, r)
	}
}

func (e *export) cross() {
	r, _ := e.write("车辆占用消防通道", Qingsui, e.person(), 4, "市民来电反映：青穗雅庭与隔壁学校共用的通道被放学接送车辆堵死，涉及学校、交警、街道和两家物业，开过两次会都没有牵头的。")
	r.Cross, r.Returned, r.Reassigned = "跨部门、跨领域", 0, 0
	e.add(StoryCross, r)

	r, _ = e.write("扶持补贴迟迟未兑现", Suigu, e.enterprise(), 6, "【三跨：跨部门、跨行业】企业来电反映：引进的新能源检测设备同时涉及产业扶持、首台套保险补偿和绿色信贷贴息，三个口子的申报互为前提，材料转了一圈回到原点。")
	r.Returned, r.Reassigned = 0, 0
	e.add(StoryCross, r)
}
